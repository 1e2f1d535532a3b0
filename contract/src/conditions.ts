// Every condition type and reason that appears in a status, each with its meaning. docs/reference/conditions.md is made from it.
// Types follow the Gateway API and kstatus; a reason is CamelCase and bounded, the message says what to do.
export const conditionTypes = {
  Accepted: 'The spec is valid and the other side agrees to the binding.',
  ResolvedRefs: 'Every Secret, fleet and domain the object names exists and is usable.',
  Programmed: 'Every ready relay node has acknowledged the configuration that holds this object.',
  Routable: 'The relay nodes find every smarthost of the routes in DNS; only on a RelayDomain with smarthosts.',
  Ready: 'Mail flows: accepted, resolved, programmed and not suspended.',
  Reconciling: 'Present while a newer spec is being worked on (kstatus).',
  Stalled: 'Present while only an edit can help (kstatus).',
} as const;
export type ConditionType = keyof typeof conditionTypes;

export const conditionReasons = {
  Accepted: 'Nothing stands against the object.',
  ResolvedRefs: 'All references resolve.',
  Programmed: 'All ready nodes acknowledged.',
  Ready: 'Mail flows.',
  Suspended: 'An owner or an incident tool stopped it; the message holds the reason given.',
  Pending: 'Work is under way.',
  FleetNotFound: 'The RelayFleet named does not exist.',
  NotAllowedByFleet: 'The fleet does not let this namespace or domain attach.',
  DomainConflict: 'An older RelayDomain claims the same domain on this fleet.',
  DomainNotFound: 'The RelayDomain named does not exist.',
  NotAllowedByDomain: 'The domain does not let this namespace attach platforms.',
  DomainNotAccepted: 'The RelayDomain named is itself not accepted.',
  InvalidSenderPattern: 'An entry of `from` is not a local part or `*`.',
  SecretNotFound: 'A Secret named in the spec does not exist.',
  SecretInvalid: 'A Secret exists but a key in it is missing or unusable.',
  InvalidSpec: 'The manifest does not pass the schema or its rules; the last good version stays in force.',
  Draining:
    'It, or the RelayDomain named, is being deleted and takes nothing new; what is queued still leaves. The message says how much, and what it waits for.',
  Routable: 'Every smarthost’s name leads to an address.',
  SmarthostNotFound: 'A smarthost’s name leads to no address; its mail goes to the others of the route, or waits.',
  NoRelayDomain: 'None of the domains named is bound.',
  FleetConflict: 'An older RelayFleet uses the same NATS account.',
  NATSUnreachable: 'The operator cannot reach the fleet’s NATS, or it is unfit; the message says how.',
  NoReadyNodes: 'No relay node is ready.',
  WaitingForNodes: 'Some ready nodes have not acknowledged this generation yet.',
  RejectedByNode: 'A node refused the configuration; the message holds its words.',
  NotAttached: 'The object is part of no fleet’s configuration.',
} as const;
export type ConditionReason = keyof typeof conditionReasons;

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A condition as decided; the time of its last transition is added where status is written. */
export type WantedCondition = {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: ConditionReason;
  readonly message: string;
};

/** A condition as stored (metav1.Condition). */
export type Condition = {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
};
