// The few parts of Kubernetes' own objects that relayfleet reads: metadata, Secrets, Namespaces.
// Field names and encodings are Kubernetes' (core/v1, meta/v1); everything else in those objects is left out.

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

/** metav1.ObjectMeta as read back: name, namespace, uid, generation and creationTimestamp are always there. */
export type ObjectMeta = {
  readonly name: string;
  /** Empty for objects without a namespace. */
  readonly namespace: string;
  readonly uid: string;
  /** Grows with every change of the spec; 0 for kinds that do not count (Secret, Namespace). */
  readonly generation: number;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp: string;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  /** What must be done before the deletion is carried out, by name. */
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
};

export type Secret = {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: ObjectMeta;
  /** Such as `kubernetes.io/tls`; absent means Opaque. */
  readonly type?: string;
  /** Base64, as Kubernetes stores it; `stringData` is merged in before anyone sees the object. */
  readonly data: Readonly<Record<string, string>>;
};

export type Namespace = {
  readonly apiVersion: 'v1';
  readonly kind: 'Namespace';
  readonly metadata: ObjectMeta;
};
