type Labels = Record<string, string | number>;

export interface Sample {
  labels?: Labels;
  value: number;
}

export interface Histogram {
  labels?: Labels;
  /** Not cumulative; may have one more element than there are bounds, for what is past the last. */
  counts: readonly number[];
  sum: number;
  count: number;
}

const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, given]) => `${label}="${escaped(String(given))}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

const head = (name: string, type: string, help: string) => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

/** One metric in Prometheus's text format 0.0.4; nothing when there is no sample of it. */
export function metric(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly Sample[],
): string[] {
  if (samples.length === 0) return [];
  return [...head(name, type, help), ...samples.map(({ labels, value }) => line(name, labels ?? {}, value))];
}

/** A histogram in the same format: buckets add up from the lowest bound. */
export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  histograms: readonly Histogram[],
): string[] {
  if (histograms.length === 0) return [];
  return [
    ...head(name, 'histogram', help),
    ...histograms.flatMap(({ labels = {}, counts, sum, count }) => {
      let below = 0;
      const buckets = bounds.map((bound, i) => {
        below += counts[i] ?? 0;
        return line(`${name}_bucket`, { ...labels, le: bound }, below);
      });
      return [
        ...buckets,
        line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
        line(`${name}_sum`, labels, sum),
        line(`${name}_count`, labels, count),
      ];
    }),
  ];
}
