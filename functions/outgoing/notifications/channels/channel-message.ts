/** A message to a room of people, in Slack or Teams. */
export interface ChannelMessage {
  title: string;
  text: string;
  /** What a button opens: http:// or https://. */
  link?: string | undefined;
  /** What stands on the button. */
  linkLabel?: string | undefined;
}

/** What is known of something sent. */
export interface SentByChannel {
  provider: 'twilio' | 'slack' | 'teams';
  /** What the provider calls it; null where it does not say. */
  messageId: string | null;
}

/** The button, where there is a link that one can open. */
export function buttonOf({ link, linkLabel }: ChannelMessage): { label: string; url: string } | undefined {
  if (link === undefined || !URL.canParse(link)) return undefined;
  const { protocol, href } = new URL(link);
  const isOpenable = (protocol === 'https:' || protocol === 'http:') && href.length <= 2000;
  return isOpenable ? { label: linkLabel ?? 'Open', url: href } : undefined;
}
