import { startQueue } from '../harness/queue.ts';
import { manager } from '@relayfleet/jetstream/read.ts';
const after: any[] = [];
const s = await startQueue({ after: (f: any) => after.push(f) } as any);
const o = await s.connect('operator');
const m = await manager(o);
for (let i = 0; i < 20; i++) {
  for await (const _ of await m.direct.getLastMessagesFor('KV_ack', { multi_last: ['$KV.ack.>'] })) {
  }
}
console.log('subs', (o.nc as any).protocol.subscriptions.size());
for (const f of after) await f();
