// A test reporter that writes one line per skipped test and nothing else, so that CI can refuse to call a skipped part passed.
import type { TestEvent } from 'node:test/reporters';

// eslint-disable-next-line import/no-default-export -- the test runner loads a reporter by its default export
export default async function* skips(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events)
    if (event.type === 'test:pass' && event.data.skip !== undefined) yield `${event.data.name}: ${event.data.skip}\n`;
}
