import { type Channel, NotSent } from './channel.ts';
import type { Message } from './mail.ts';

interface SmtpFailure extends Error {
  code?: string;
  /** The server's, where it answered: it then has not taken the mail, whichever command it refused. */
  responseCode?: number;
  syscall?: string;
}

/** What the server says of the mail or its reader, rather than of us. */
const aboutTheMail = new Set(['EENVELOPE', 'EMESSAGE']);
const beforeAnyMail = new Set(['EDNS', 'EAUTH', 'ENOAUTH', 'EOAUTH2']);

function judged(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = '', responseCode, syscall } = error as SmtpFailure;
  const message = `The mail server did not take the mail: ${error.message}`;
  if (responseCode !== undefined) {
    const isFinal = aboutTheMail.has(code) && responseCode >= 500;
    return new NotSent(message, isFinal, { cause: error });
  }
  if (syscall === 'connect' || beforeAnyMail.has(code)) return new NotSent(message, false, { cause: error });
  return error;
}

/** What stands behind the @ of an address like `Acme <no-reply@acme.example>`. */
const domainOf = (address: string) => /@([\w.-]+)>?\s*$/.exec(address)?.[1] ?? 'localhost';

/** Any mail server. A repeated mail has the same Message-ID, by which most mailboxes show it once. */
export function smtpChannel(options: { url: string; from: string; socketTimeoutMs?: number }): Channel {
  return {
    name: 'smtp',
    async send(id: string, { to, subject, html, text }: Message) {
      const { createTransport } = await import('nodemailer'); // a quarter of a megabyte, for those who use it
      const transport = createTransport(
        {
          url: options.url,
          connectionTimeout: 5_000,
          greetingTimeout: 5_000,
          socketTimeout: options.socketTimeoutMs ?? 10_000,
          disableFileAccess: true,
          disableUrlAccess: true,
        },
        { from: options.from },
      );
      try {
        const { messageId } = await transport.sendMail({
          to: { name: '', address: to }, // one address, also where it holds a comma
          subject,
          html,
          text,
          messageId: `<${id}@${domainOf(options.from)}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        return messageId;
      } catch (error) {
        throw judged(error);
      } finally {
        transport.close();
      }
    },
  };
}
