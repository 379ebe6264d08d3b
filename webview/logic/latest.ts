/**
 * Asks one question at a time. While an answer is awaited only the newest further question is remembered, so that
 * a moving pointer is followed as fast as answers come and no faster; older ones are dropped unasked.
 */
export class Latest<Question, Answer> {
  #asking = false;
  #next: { readonly question: Question } | undefined;
  /** Answers to questions of an earlier epoch are thrown away. */
  #epoch = 0;

  constructor(
    private readonly ask: (question: Question) => Promise<Answer>,
    private readonly deliver: (question: Question, answer: Answer) => void,
    private readonly fail: (question: Question, reason: unknown) => void,
  ) {}

  request(question: Question): void {
    this.#next = { question };
    if (!this.#asking) void this.#run();
  }

  /** Forgets what is waiting, and what is still to be answered. */
  drop(): void {
    this.#next = undefined;
    this.#epoch++;
  }

  async #run(): Promise<void> {
    this.#asking = true;
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      const { question } = next;
      const epoch = this.#epoch;
      try {
        const answer = await this.ask(question);
        if (epoch === this.#epoch) this.deliver(question, answer);
      } catch (reason) {
        if (epoch === this.#epoch) this.fail(question, reason);
      }
    }
    this.#asking = false;
  }
}
