import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import type { Explanation } from '../protocol';
import type { FollowedSubject, FollowingHostApi, FollowingState } from '../protocol/view';
import type { Client, Implementation } from '../rpc';
import type { EngineRoom } from './engine-room';
import { nothingExplained } from './living';
import type { PanelScript } from './panel-html';
import type { Panels } from './panels';
import { titleOf } from './questions';
import type { Run } from './runs';
import { strings, ViewPanel } from './view-panel';

export interface FollowerRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
}

/** What one view shows of an explanation, and how it comes by it. */
interface Following<Host, Api, Subject extends FollowedSubject, Content> {
  readonly viewType: string;
  readonly script: PanelScript;
  /** Title of its tab while there is nothing to show, and with the input as a person calls it. */
  readonly title: string;
  titled(input: string): string;
  subject(followed: FollowedSubject, explanation: Explanation): Subject;
  /** Asks the engine for what there is to show. */
  read(explanation: Explanation, run: Run): Promise<Content>;
  /** Hands it to a document, before the state that shows it. */
  deliver(api: Client<Api>, content: Content, explanation: string): Promise<void>;
  update(api: Client<Api>, state: FollowingState<Subject>): Promise<void>;
  /**
   * What its documents may ask, besides what every view of the kind answers.
   *
   * @param shown handle of the explanation of which something is shown; throws NOTHING_EXPLAINED
   */
  host(common: Implementation<FollowingHostApi<Subject>>, shown: () => string): Implementation<Host>;
}

/** A webview beside the panel that shows something large of the explanation on show; another explanation is followed. */
export class Follower<Host, Api, Subject extends FollowedSubject, Content> implements vscode.Disposable {
  readonly #rooms: FollowerRooms;
  readonly #what: Following<Host, Api, Subject, Content>;
  readonly #view: ViewPanel<Host, Api, FollowingState<Subject>>;
  #followed?: Explanation;
  #content?: Content;

  constructor(rooms: FollowerRooms, what: Following<Host, Api, Subject, Content>) {
    this.#rooms = rooms;
    this.#what = what;
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false };
    const panel = vscode.window.createWebviewPanel(what.viewType, what.title, place);
    this.#view = new ViewPanel<Host, Api, FollowingState<Subject>>(panel, {
      ...rooms,
      script: what.script,
      state: { status: 'empty', l10n: strings() },
      host: what.host(this.#host, () => this.#shown),
      send: (api) => this.#sender(api),
    });
    this.#view.own(
      rooms.panels.onChanged(() => this.#follow()),
      panel,
    );
    this.#follow();
  }

  get state(): FollowingState<Subject> {
    return this.#view.state;
  }

  get #shown(): string {
    const { shown } = this.state;
    if (shown !== undefined) return shown;
    throw nothingExplained();
  }

  get onDisposed(): vscode.Event<void> {
    return this.#view.onDisposed;
  }

  reveal(): void {
    this.#view.panel.reveal();
  }

  dispose(): void {
    this.#view.dispose();
  }

  /** What there is to show is large, and most states in a row are of the same. */
  #sender(api: Client<Api>): () => Promise<void> {
    let sent: string | undefined;
    return async () => {
      const { shown } = this.state;
      if (shown !== undefined && shown !== sent && this.#content !== undefined) {
        await this.#what.deliver(api, this.#content, shown);
        sent = shown;
      }
      await this.#what.update(api, this.state);
    };
  }

  /** The panel shows another explanation, works on one, or is gone. */
  #follow(): void {
    const { current } = this.#rooms.panels;
    const explanation = current?.explanation;
    const stale = !explanation ? 'gone' : current?.working ? 'changing' : undefined;
    if (stale !== this.state.stale && this.state.shown !== undefined) this.#view.update({ stale });
    if (!explanation || explanation.id === this.#followed?.id) return;
    this.#followed = explanation;
    const { id, model, target, method } = explanation;
    const input = current?.question ? titleOf(current.question) : '';
    this.#view.panel.title = this.#what.titled(input);
    this.#view.update({
      subject: this.#what.subject({ id, model: model.name, target, method, input }, explanation),
    });
    void this.#read(explanation);
  }

  #read(explanation: Explanation): Promise<void> {
    return this.#view.work(`${this.#what.title} of ${explanation.model.name}`, async (run) => {
      const content = await this.#what.read(explanation, run);
      if (!this.#view.wants(run)) return {};
      this.#content = content;
      return { shown: explanation.id };
    });
  }

  readonly #host: Implementation<FollowingHostApi<Subject>> = {
    ready: async () => {
      this.#view.send();
      return this.state;
    },
    cancel: async () => this.#view.runs.cancel(),
    retry: async () => {
      if (this.#followed) void this.#read(this.#followed);
    },
    showLog: async () => this.#rooms.log.show(),
  };
}

type Opened<State> = Pick<vscode.WebviewPanel, 'dispose'> & {
  readonly state: State;
  readonly onDisposed: vscode.Event<void>;
  reveal(): void;
};

/** A view that follows the explanation on show: there is one of its kind. */
export class OneFollower<State> implements vscode.Disposable {
  #open?: Opened<State>;

  /** @param nothing what a person is told who asks for it before anything was explained */
  constructor(
    private readonly panels: Panels,
    private readonly open: () => Opened<State>,
    private readonly nothing: () => string,
  ) {}

  get state(): State | undefined {
    return this.#open?.state;
  }

  dispose(): void {
    this.#open?.dispose();
  }

  /** Throws NOTHING_EXPLAINED. */
  show(): void {
    if (this.#open) {
      this.#open.reveal();
      return;
    }
    if (!this.panels.current?.explanation) throw new PrismError('NOTHING_EXPLAINED', this.nothing());
    const opened = this.open();
    this.#open = opened;
    opened.onDisposed(() => {
      if (this.#open === opened) this.#open = undefined;
    });
  }
}
