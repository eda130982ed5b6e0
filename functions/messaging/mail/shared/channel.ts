import type { Message } from './mail.ts';

/** A way to send mail. */
export interface Channel {
  name: 'resend' | 'smtp' | 'mailbox';
  /**
   * Sends a mail.
   * @param id The same in every attempt: the channel knows a repeated mail by it, as far as its protocol goes.
   * @returns what the channel calls the mail.
   * @throws {NotSent} when it surely was not taken; JobPostponed, surely not taken either, when it asks for patience;
   * anything else leaves open whether it was.
   */
  send(id: string, message: Message): Promise<string>;
}

/** The mail surely was not taken: another channel may send it. */
export class NotSent extends Error {
  /** It never will be: this mail is not one that can be sent. */
  readonly isFinal: boolean;
  constructor(message: string, isFinal: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isFinal = isFinal;
  }
}
