// The relay node's catalogue of replies -> docs/reference/replies.md: for each, why it is given and what the sender should do.
import { repliesByStage } from '@relayfleet/relay-node/replies.ts';
import type { Reply } from '@relayfleet/relay-node/reply.ts';

const headings: Readonly<Record<keyof typeof repliesByStage, string>> = {
  connection: 'At any time',
  login: 'At login, and to mail without one',
  sender: 'At MAIL FROM',
  recipient: 'At RCPT TO',
  message: 'At the end of the message',
};

/** Text of the page, not yet formatted. */
export function repliesPage(): string {
  const sections = Object.entries(repliesByStage).map(
    ([stage, replies]) => `## ${headings[stage as keyof typeof headings]}\n\n${table(replies)}`,
  );
  return `<!-- Generated from relay-node/src/replies-of-*.ts by \`npm run gen\`; edit those files instead. -->

# Replies

Everything a relay node says to a client that is not plain progress. The first digit decides what a client does: 2 is
success, 4 asks to keep the mail and try again, 5 says that trying again unchanged is of no use. The name is the
\`reason\` of \`relayfleet_smtp_refused_total\` and of the log line. Rules that were checked at MAIL FROM are checked
again at RCPT TO and at the end of the message, so that a suspension bites in sessions that are open.

A greeting, and an answer to EHLO, carries no enhanced status code ([RFC 2034](https://www.rfc-editor.org/rfc/rfc2034)).

${sections.join('\n\n')}
`;
}

function table(replies: Readonly<Record<string, Reply>>): string {
  const rows = Object.entries(replies).map(([name, { line, reason, sender }]) => {
    const cells = [`\`${name}\``, `\`${line}\``, reason, sender];
    return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return `| Name | Reply | Why | What the sender should do |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}
