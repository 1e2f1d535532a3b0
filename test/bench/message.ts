// The mail every contender gets: 5 KB of plain MIME with a sequence number, so that each one can be followed to the receiver.
export const senderAddress = 'app@bench.example';
export const recipientAddress = 'user@receiver.example';
const messageBytes = 5 * 1024;

/** One mail, CRLF lines, without the final dot. */
export function benchMessage(sequence: number): string {
  const header =
    `From: Bench <${senderAddress}>\r\nTo: <${recipientAddress}>\r\nSubject: order ${sequence}\r\n` +
    `Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${sequence}@bench.example>\r\n` +
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nX-Bench: ${sequence}\r\n\r\n`;
  const line = 'The quick brown fox jumps over the lazy dog and leaves a line of text.\r\n';
  return header + line.repeat(Math.ceil((messageBytes - header.length) / line.length));
}

/** The sequence number of a received mail; undefined when it is none of ours. */
export function sequenceOf(text: string): number | undefined {
  const found = /^X-Bench: (\d+)\r$/m.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
