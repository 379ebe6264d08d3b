import type { RemoteError } from '../../src/protocol';
import type { HostApi } from '../../src/protocol/panel';
import type { TokenLayer } from '../../src/protocol/tokens';
import { type Client, toRemoteError } from '../../src/rpc';

export type ExportFormat = Parameters<HostApi['exportAs']>[0]['format'];

/** What a person asks of the host through the panel, and what is told when it fails. */
export class Requests {
  /** A request of the panel's own that failed; the explanation is not affected. */
  notice: RemoteError | undefined;
  /** The last thing worth saying to a screen reader. */
  announcement = '';

  constructor(
    protected readonly host: Client<HostApi>,
    protected readonly changed: () => void,
  ) {}

  pickCompared = (): Promise<void> => this.ask(() => this.host.pickCompared({}));
  exportComparison = (): Promise<void> => this.ask(() => this.host.exportComparison({}));
  showNetwork = (): Promise<void> => this.ask(() => this.host.showNetwork({}));
  judge = (): Promise<void> => this.ask(() => this.host.judge({}));
  pickMethod = (): Promise<void> => this.ask(() => this.host.pickMethod({}));
  cancel = (): Promise<void> => this.ask(() => this.host.cancel({}));
  retry = (): Promise<void> => this.ask(() => this.host.retry({}));
  writeConfig = (): Promise<void> => this.ask(() => this.host.writeConfig({}));
  openModelConfig = (): Promise<void> => this.ask(() => this.host.openModelConfig({}));
  showLog = (): Promise<void> => this.ask(() => this.host.showLog({}));

  /** Explains a box of a detector, or other positions of a segmentation. */
  explainPart(part: Parameters<HostApi['explainPart']>[0]): Promise<void> {
    return this.ask(() => this.host.explainPart(part));
  }

  exportAs(format: ExportFormat, png?: Uint8Array): Promise<void> {
    return this.ask(() => this.host.exportAs(png ? { format, png } : { format }));
  }

  /** Relevance of the text's tokens at every layer. */
  tokenLayers(): Promise<readonly TokenLayer[]> {
    return this.host.tokenLayers({});
  }

  /** Explains what the model says at a token. */
  explainToken(token: number): Promise<void> {
    return this.ask(() => this.host.explainToken({ token }));
  }

  /** Shows a token in the map token × token. */
  showTokens(token: number): Promise<void> {
    return this.ask(() => this.host.showTokens({ token }));
  }

  /** Compares for another class as well, which the host asks for where none is given. */
  addClass(index?: number): Promise<void> {
    return this.ask(() => this.host.addClass(index === undefined ? {} : { index }));
  }

  removeClass(column: number): Promise<void> {
    return this.ask(() => this.host.removeClass({ column }));
  }

  /** Keeps an image at hand, or no longer. */
  pinImage(image: string, pinned: boolean): Promise<void> {
    return this.ask(() => this.host.pinImage({ image, pinned }));
  }

  /** Asks the same of another image. */
  showImage(image: string): Promise<void> {
    return this.ask(() => this.host.showImage({ image }));
  }

  dismissNotice(): void {
    this.notice = undefined;
    this.changed();
  }

  /** Says something to screen readers. */
  announce(announcement: string): void {
    this.announcement = announcement;
    this.changed();
  }

  fail(reason: unknown): void {
    const notice = toRemoteError(reason);
    if (notice.code === 'CANCELLED') return;
    this.notice = notice;
    this.changed();
  }

  /** Asks, and tells a failure. */
  protected async ask(question: () => Promise<unknown>): Promise<void> {
    try {
      await question();
    } catch (reason) {
      this.fail(reason);
    }
  }
}
