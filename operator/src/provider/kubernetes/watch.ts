// One watch request: newline-separated JSON events from one resource version on, until the server ends it.
// Decides how a watch ended, which is all its caller needs to know what to do next.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
import type { Api, ApiCall, ApiFailure } from './http.ts';

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: unknown }
  /** Nothing happened up to this version: the next watch may start here. */
  | { readonly type: 'BOOKMARK'; readonly object: unknown };

export type WatchEnd =
  /** The server closed it, as it does after `timeoutSeconds`: watch on. */
  | { readonly kind: 'Closed' }
  /** The version is too old: only a new list helps. */
  | { readonly kind: 'Gone' }
  | { readonly kind: 'Failed'; readonly failure: ApiFailure };

/** Bookmarks come every minute, the first after two; a connection silent for longer than this is dead, whatever TCP thinks. */
export const inactivityMs = 150_000;

export type WatchListener = {
  /** The server has accepted the watch. */
  opened(): void;
  event(event: WatchEvent): void;
};

/** Calls `listener` in the order of events. Never rejects. */
export async function watch(api: Api, call: ApiCall, listener: WatchListener): Promise<WatchEnd> {
  const stream = await api.stream({ timeoutMs: inactivityMs, ...call });
  if (!stream.ok) return ended(stream.failure);
  listener.opened();
  try {
    for await (const line of lines(stream.chunks)) {
      const event = JSON.parse(line) as WatchEvent | { readonly type: 'ERROR'; readonly object: ErrorStatus };
      if (event.type === 'ERROR') return ended(failureOf(event.object));
      listener.event(event);
    }
    return { kind: 'Closed' };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { kind: 'Failed', failure: { status: 0, reason: 'Interrupted', message } };
  }
}

type ErrorStatus = { readonly code?: number; readonly reason?: string; readonly message?: string };

function failureOf({ code, reason, message }: ErrorStatus): ApiFailure {
  return { status: code ?? 0, reason: reason ?? '', message: message ?? 'the watch ended with an error' };
}

function ended(failure: ApiFailure): WatchEnd {
  return failure.status === 410 ? { kind: 'Gone' } : { kind: 'Failed', failure };
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)]).toString();
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
}
