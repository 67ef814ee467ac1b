/** What this browser remembers of a log: the last head it proved. The host cannot make it forget. */

export interface Remembered {
  readonly origin: string
  readonly vkey: string
  readonly genesis: string
  readonly size: number
  readonly root: string
  /** The signed note itself: with a contradicting one it is evidence against the host. */
  readonly note: string
  readonly at: string
}

const name = (origin: string): string => `truceline.head.${origin}`

export function recall(origin: string, store: Storage = localStorage): Remembered | null {
  try {
    const text = store.getItem(name(origin))
    return text ? (JSON.parse(text) as Remembered) : null
  } catch {
    return null
  }
}

export function remember(head: Remembered, store: Storage = localStorage): void {
  try {
    store.setItem(name(head.origin), JSON.stringify(head))
  } catch {
    // A browser that keeps nothing can still prove this visit; it says that it remembers nothing.
  }
}
