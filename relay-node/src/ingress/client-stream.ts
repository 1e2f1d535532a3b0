// What a client sends, as smtp-server's parser of commands, with a reader of our own for what comes behind DATA: the library's looks at
// every dot apart and yields to the event loop in between, so that a message of dots took twenty times as long as another one.
// A message over the limit is read to its end, which is where its refusal belongs; one that goes on and on is not.
import type { Writable } from 'node:stream';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { createDotReader } from './dot-reader.ts';

/** Of the limit: what a client may send of one message. Those that are a little too large are to hear so in a session that goes on. */
const patientFor = 2;

export class ClientStream extends SMTPStream {
  /** Called when a message goes on beyond all patience. */
  onendless: () => void = () => undefined;
  #reader = createDotReader();

  override startDataMode(...limit: Parameters<SMTPStream['startDataMode']>): ReturnType<SMTPStream['startDataMode']> {
    this.#reader = createDotReader();
    return super.startDataMode(...limit);
  }

  override _feedDataStream(chunk: Buffer, done: () => void): void {
    const { content, rest } = this.#reader.push(chunk);
    this._countDataBytes(content.length);
    if (rest !== undefined) return this._endDataMode(content, rest, done);
    if (this._dataStream === null) return done();
    if (this.dataBytes > patientFor * this._maxBytes) {
      this.onendless();
      return done();
    }
    pass(content, this._dataStream, done);
  }
}

/** Calls `done` once there is room for more, also when nobody reads any longer. */
function pass(content: Buffer, message: Writable, done: () => void): void {
  if (content.length === 0 || !message.writable || message.write(content) || message.destroyed) return done();
  const goOn = () => {
    message.off('drain', goOn).off('close', goOn);
    done();
  };
  message.on('drain', goOn).on('close', goOn);
}
