// When to look again: soon after the file system reports a change, and regularly in any case, because reports get lost
// (network file systems, a directory replaced by another, inotify limits). Says only when; what changed is the scanner's.
import { watch, type FSWatcher } from 'node:fs';

export type Lookout = { close(): void };

/** A save is several events: look when it has been quiet this long, but do not wait for ever. */
const quietMs = 40;
const longestMs = 250;
const regularMs = 1_000;
/** Where looking takes long, because there is much to look at, it must not become all there is done. */
const shareOfTime = 1 / 20;

export function lookWhenChanged(directories: readonly string[], look: () => Promise<void>): Lookout {
  let closed = false;
  let firstEvent: number | undefined;
  let timer = setTimeout(run, regularMs);

  function run(): void {
    firstEvent = undefined;
    const started = performance.now();
    void look().finally(() => {
      if (closed || firstEvent !== undefined) return;
      timer = setTimeout(run, Math.max(regularMs, (performance.now() - started) / shareOfTime));
    });
  }

  function onEvent(): void {
    if (closed) return;
    firstEvent ??= performance.now();
    clearTimeout(timer);
    const waited = performance.now() - firstEvent;
    timer = setTimeout(run, Math.max(0, Math.min(quietMs, longestMs - waited)));
  }

  const watchers = directories.flatMap((directory) => watchOne(directory, onEvent));
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** Without a watcher the regular look remains. */
function watchOne(directory: string, onEvent: () => void): FSWatcher[] {
  try {
    return [watch(directory, onEvent).on('error', () => undefined)];
  } catch {
    return [];
  }
}
