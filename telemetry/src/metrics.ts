// Metrics as data: a definition says name, type, help and every label's values, so that the reference page is made from it
// and a label cannot take a value nobody thought of. The only importer of prom-client; knows no metric of its own but one:
// how many label values were folded into `_other` because a metric had reached its cap.
import * as prometheus from 'prom-client';
/** A label is either one of a few known values, or free text whose number of values something else bounds (say what). */
export type LabelDefinition = readonly string[] | { readonly boundedBy: string };

export type MetricDefinition = {
  /** `relayfleet_<subsystem>_<thing>_<unit>[_total]` */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelDefinition>>;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
  /** Series kept of a metric with a `boundedBy` label, default 100; later label values are counted as `_other`. */
  readonly maxSeries?: number;
};
export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

export type LabelValues<D extends MetricDefinition> = {
  readonly [L in keyof D['labels']]: D['labels'][L] extends readonly (infer V extends string)[] ? V : string;
};

type Labels<D extends MetricDefinition> = keyof D['labels'] extends never ? [] : [labels: LabelValues<D>];

export type Counter<D extends MetricDefinition> = { inc(...args: [...Labels<D>, by?: number]): void };
export type Gauge<D extends MetricDefinition> = { set(...args: [...Labels<D>, value: number]): void };
export type Histogram<D extends MetricDefinition> = { observe(...args: [...Labels<D>, value: number]): void };

export type Meter<D extends MetricDefinition> = D['type'] extends 'counter'
  ? Counter<D>
  : D['type'] extends 'gauge'
    ? Gauge<D> & { /** Forgets every series, before a fresh set of them is written. */ reset(): void }
    : Histogram<D>;

export type Exposition = { readonly contentType: string; readonly text: string };

export type Metrics<T extends MetricDefinitions> = {
  /** One meter for each definition, by its key: `metrics.of.accepted.inc({ platform })`. */
  readonly of: { readonly [K in keyof T]: Meter<T[K]> };
  /** Run before each exposition, to set gauges that are read on demand. One that fails leaves its gauges as they were. */
  onCollect(collect: () => void | Promise<void>): void;
  expose(format: 'prometheus' | 'openmetrics'): Promise<Exposition>;
};

const defaultMaxSeries = 100;
const other = '_other';

export const foldedSeries = {
  name: 'relayfleet_metrics_series_folded_total',
  type: 'counter',
  help: 'Observations counted under `_other` because their metric had reached its cap of series.',
  labels: { metric: { boundedBy: 'the metrics defined' } },
} as const satisfies MetricDefinition;

/** `createMetrics({ accepted: { name: 'relayfleet_messages_accepted_total', type: 'counter', help: '…', labels: {} } } as const)` */
export function createMetrics<const T extends MetricDefinitions>(
  definitions: T,
  options: { readonly runtime?: boolean } = {},
): Metrics<T> {
  const registry = new prometheus.Registry();
  registry.setContentType(openMetrics);
  if (options.runtime) prometheus.collectDefaultMetrics({ register: registry });
  const folded = new prometheus.Counter({ ...naming(foldedSeries), registers: [registry] });
  const collectors: (() => void | Promise<void>)[] = [];
  const entries = Object.entries(definitions).map(([key, definition]) => [key, meter(registry, definition, folded)]);

  // The registry stays in OpenMetrics for ever: asked once, prom-client takes `_total` off its counters' names for good.
  const expose = async (format: 'prometheus' | 'openmetrics'): Promise<Exposition> => {
    await Promise.allSettled(collectors.map(async (collect) => collect()));
    const text = await registry.metrics();
    return format === 'openmetrics'
      ? { contentType: prometheus.openMetricsContentType, text }
      : { contentType: prometheus.prometheusContentType, text: toPlainText(text) };
  };
  return {
    of: Object.fromEntries(entries) as Metrics<T>['of'],
    onCollect: (collect) => void collectors.push(collect),
    expose,
  };
}

const openMetrics = prometheus.openMetricsContentType as unknown as prometheus.PrometheusContentType;

/** OpenMetrics -> the older text format: counters keep `_total` in their HELP and TYPE lines too, nothing follows a value. */
function toPlainText(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name));
  return text
    .replace(/^# (HELP|TYPE) (\S+)/gm, (line, _, name: string) => (counters.has(name) ? `${line}_total` : line))
    .replace(/ # \{.*$/gm, '')
    .replace(/^# EOF\n?$/m, '');
}

function naming({ name, help, labels }: MetricDefinition) {
  return { name, help, labelNames: Object.keys(labels) };
}

type AnyMeter = Counter<MetricDefinition> | Gauge<MetricDefinition> | Histogram<MetricDefinition>;

function meter(registry: prometheus.Registry, definition: MetricDefinition, folded: prometheus.Counter): AnyMeter {
  const { admit, forget } = createCap(definition, () => folded.inc({ metric: definition.name }));
  const configuration = { ...naming(definition), registers: [registry] };
  switch (definition.type) {
    case 'counter': {
      const counter = new prometheus.Counter(configuration);
      const inc = (...args: unknown[]) => {
        const [labels, by] = split(definition, args);
        counter.inc(admit(labels), by ?? 1);
      };
      return { inc } as AnyMeter;
    }
    case 'gauge': {
      const gauge = new prometheus.Gauge(configuration);
      const set = (...args: unknown[]) => {
        const [labels, value] = split(definition, args);
        gauge.set(admit(labels), value ?? 0);
      };
      const reset = () => {
        gauge.reset();
        forget();
      };
      return { set, reset } as AnyMeter;
    }
    case 'histogram': {
      const buckets = definition.buckets === undefined ? {} : { buckets: [...definition.buckets] };
      const histogram = new prometheus.Histogram({ ...configuration, ...buckets });
      const observe = (...args: unknown[]) => {
        const [labels, value] = split(definition, args);
        histogram.observe(admit(labels), value ?? 0);
      };
      return { observe } as AnyMeter;
    }
  }
}

type LabelSet = Readonly<Record<string, string>>;

/** A metric without labels is called with the number alone. */
function split({ labels }: MetricDefinition, args: readonly unknown[]): readonly [LabelSet, number | undefined] {
  if (Object.keys(labels).length === 0) return [{}, args[0] as number | undefined];
  return [args[0] as LabelSet, args[1] as number | undefined];
}

/** Lets the first `maxSeries` label sets of a metric with free labels through, and folds the rest into `_other`. */
function createCap({ labels, maxSeries = defaultMaxSeries }: MetricDefinition, onFold: () => void) {
  const free = Object.keys(labels).filter((label) => 'boundedBy' in (labels[label] ?? {}));
  const seen = new Set<string>();
  const admit = (given: LabelSet): LabelSet => {
    if (free.length === 0) return given;
    const key = JSON.stringify(Object.keys(labels).map((label) => given[label]));
    if (seen.has(key)) return given;
    if (seen.size >= maxSeries) {
      onFold();
      return { ...given, ...Object.fromEntries(free.map((label) => [label, other])) };
    }
    seen.add(key);
    return given;
  };
  return { admit, forget: () => seen.clear() };
}
