// Whether an owner lets a namespace attach (`All`, `Same`, `Selector`, `None`, as in the Gateway API), and which edit would.
// One file for both borders, domain to fleet and platform to domain.
export type AllowedNamespaces = {
  readonly from: 'All' | 'Same' | 'Selector' | 'None';
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
};

export type Visitor = { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };

/** A selector without labels matches nothing: an open border is written `All`. */
export function allowsNamespace(allowed: AllowedNamespaces, home: string, visitor: Visitor): boolean {
  switch (allowed.from) {
    case 'All':
      return true;
    case 'Same':
      return visitor.namespace === home;
    case 'Selector': {
      const wanted = Object.entries(allowed.selector?.matchLabels ?? {});
      return wanted.length > 0 && wanted.every(([label, value]) => visitor.labels[label] === value);
    }
    case 'None':
      return false;
  }
}

/** The edit that would let `namespace` in; `field` is where the rule stands, such as `spec.allowedDomains.namespaces`. */
export function remedy(allowed: AllowedNamespaces, field: string, namespace: string): string {
  switch (allowed.from) {
    case 'Selector': {
      const labels = Object.entries(allowed.selector?.matchLabels ?? {}).map(([label, value]) => `${label}=${value}`);
      return labels.length > 0
        ? `label the namespace as its ${field}.selector asks (kubectl label namespace ${namespace} ${labels.join(' ')}), or change the selector`
        : `add labels of the namespace to its ${field}.selector.matchLabels`;
    }
    default:
      return `add it to its ${field} (now from: ${allowed.from}; choose Selector with a label of the namespace, or All)`;
  }
}
