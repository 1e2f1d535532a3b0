// Takes an opened session's socket away from the SMTP library, which is not heard of again. The one place that knows the library's
// inside; the version is pinned, and the tests of a conversation fail if these names change.
import type { Socket } from 'node:net';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';

type Inside = {
  readonly _onSocketData: () => void;
  readonly _onSocketError: () => void;
  readonly _onSocketClose: () => void;
  readonly _onSocketEnd: () => void;
  readonly _onSocketTimeout: () => void;
  /** Received and not acted on: replies, and the beginning of one. */
  readonly _responseQueue: readonly string[];
  readonly _remainder: string;
};

/** The socket without listeners of the library's; undefined where there is none, or the peer said more than it was asked. */
export function takeSocket(connection: SMTPConnection): Socket | undefined {
  const socket = connection._socket;
  const inside = connection as unknown as Inside;
  const unread = inside._responseQueue.join('') + inside._remainder;
  if (!socket || connection.destroyed || unread.trim() !== '') return undefined;
  socket.setTimeout(0); // nobody waits for it any more, and every octet would wind it up again
  return socket
    .removeListener('data', inside._onSocketData)
    .removeListener('error', inside._onSocketError)
    .removeListener('close', inside._onSocketClose)
    .removeListener('end', inside._onSocketEnd)
    .removeListener('timeout', inside._onSocketTimeout);
}
