import type { Context } from '#core/context.ts';
import { buttonOf, type ChannelMessage, type SentByChannel } from './channel-message.ts';
import { postToWebhook } from './incoming-webhook.ts';
import { plain, shortened } from './text.ts';

/** Source: https://api.slack.com/reference/surfaces/formatting, "Escaping text": these three, and nothing else. */
const written = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** As long as may be, written for Slack. */
const fitting = (text: string, most: number): string => written(shortened(plain(text), most, { written }));

/** Bold ends with its line, and at a star. */
const boldTitle = (title: string): string =>
  `*${fitting(title.replaceAll(/[\r\n\u2028\u2029]+/g, ' ').replaceAll('*', '∗'), 300)}*`;

function bodyOf(message: ChannelMessage): object {
  const button = buttonOf(message);
  const title = boldTitle(message.title);
  const text = fitting(message.text, 2500); // a section takes 3000
  return {
    text: fitting(`${message.title}\n${message.text}`, 2500), // for the pop-up, and for who hears it
    // Verbatim: no name of a caller becomes a link, nor calls the channel together.
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: text ? `${title}\n${text}` : title, verbatim: true } },
      ...(button
        ? [
            {
              type: 'actions',
              elements: [
                {
                  type: 'button',
                  text: { type: 'plain_text', text: shortened(button.label, 75) },
                  url: button.url,
                },
              ],
            },
          ]
        : []),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/**
 * Posts to the Slack channel of a company, by the incoming webhook that it has set.
 * @throws {JobRefused} when no later attempt can do better; JobPostponed when Slack asks for patience; anything else when
 * it is worth another attempt.
 */
export async function sendSlack(
  ctx: Context,
  { companyId, message }: { companyId: string; message: ChannelMessage },
): Promise<SentByChannel> {
  await postToWebhook(ctx, {
    ...{ integration: 'slack', name: 'Slack', companyId, json: bodyOf(message) },
    isTaken: ({ status, body }) => status === 200 && body.toString('latin1').trim() === 'ok',
  });
  return { provider: 'slack', messageId: null };
}
