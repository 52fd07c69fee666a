/**
 * Kinds of failure, told apart by what the caller must do. Vendor adapters translate every answer into one of
 * them; nothing above `vendors/` looks at a status code.
 */

/** Nothing is wrong with the work: do it again, not before `seconds` from now (429, 5xx, timeouts, resets). */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  constructor(
    message: string,
    /** Seconds to wait before the next try. */
    readonly seconds: number,
    /** True when the request may have been carried out although no answer came (reset, timeout, 5xx after sending). */
    readonly maybeDone: boolean = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A person must act before this portal or account can go on: reconnect, grant a scope. */
export class NeedsPerson extends Error {
  override readonly name = 'NeedsPerson';
  constructor(
    readonly code: 'reconnect_hubspot' | 'reconnect_klaviyo' | 'missing_scope' | 'app_events_not_approved',
    message: string,
    /** What to do, in words. */
    readonly fix: string,
    /** Whose access it is about. */
    readonly side: 'hubspot' | 'klaviyo' = code === 'reconnect_klaviyo' ? 'klaviyo' : 'hubspot',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The vendor refuses this one record or request and will refuse it again as it is. Becomes an issue. */
export class RecordRefused extends Error {
  override readonly name = 'RecordRefused';
  constructor(
    readonly code: string,
    message: string,
    readonly detail: {
      /** Property or attribute the vendor names, if it does. */
      field?: string;
      /** Id of the record that already holds the identity (409). */
      existingId?: string;
      status: number;
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Our own mistake or an answer outside the vendor's contract: logged, counted, never shown as the customer's fault. */
export class VendorBug extends Error {
  override readonly name = 'VendorBug';
}

/** The installation itself cannot go on until its operator acts. The message says what to do; a stack would hide it. */
export class NeedsOperator extends Error {
  override readonly name = 'NeedsOperator';
}
