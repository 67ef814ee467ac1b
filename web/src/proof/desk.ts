/** The desk at which the page checks the log: one head proof at a time, renewed when the log grows. */

import { computed, ref, shallowRef, type Ref } from 'vue'
import { Refused } from '../snapshot/api'
import type { Room } from '../snapshot/room'
import { proveAll, proveHead, proveLeaf, remembered, type HeadProof, type LeafProof, type Step } from './check'
import { recall, remember } from './memory'
import type { Reader } from './tiles'

export type Hindrance = 'insecure' | 'noEd25519' | 'unreachable' | 'signedOut'

export class Desk {
  readonly proof = shallowRef<HeadProof | null>(null)
  readonly leaf = shallowRef<LeafProof | null>(null)
  readonly all = shallowRef<readonly Step[] | null>(null)
  readonly progress: Ref<readonly [number, number] | null> = ref(null)
  readonly hindrance = ref<Hindrance | null>(null)
  readonly busy = ref(false)
  readonly firstVisit = ref(false)

  readonly outcome = computed<'proved' | 'broken' | 'open' | 'checking'>(() => {
    const steps = [...(this.proof.value?.steps ?? []), ...(this.leaf.value?.steps ?? []), ...(this.all.value ?? [])]
    if (steps.some((one) => one.outcome === 'broken')) return 'broken'
    if (this.hindrance.value) return 'open'
    return this.proof.value ? 'proved' : 'checking'
  })

  private readonly room: Room
  private stopper = new AbortController()

  constructor(room: Room) {
    this.room = room
  }

  /** Full tiles and bundles never change; what was read once is kept. */
  private readonly kept = new Map<string, Promise<Awaited<ReturnType<Reader>>>>()

  private readonly read: Reader = (path) => {
    if (!path.startsWith('tile/') || path.includes('.p/')) return this.room.api.bytes(`/log/${path}`)
    const known = this.kept.get(path) ?? this.room.api.bytes(`/log/${path}`)
    this.kept.set(path, known)
    known.catch(() => this.kept.delete(path))
    return known
  }

  async checkHead(): Promise<void> {
    if (this.busy.value) return
    await this.guarded(async () => {
      let old = null as ReturnType<typeof recall>
      const proof = await proveHead(this.read, (origin) => (old = recall(origin)))
      // A broken proof stays on the desk: a later good one would hide what was seen.
      if (this.proof.value?.steps.some((one) => one.outcome === 'broken')) return
      this.proof.value = proof
      if (!proof.head) return
      if (!old) this.firstVisit.value = true
      remember(remembered(proof.head, new Date().toISOString()))
    })
  }

  async checkLeaf(index: number): Promise<void> {
    this.leaf.value = null
    const head = this.proof.value?.head
    if (!head || index >= head.checkpoint.size) await this.checkHead()
    await this.guarded(async () => {
      const now = this.proof.value?.head
      if (now && index < now.checkpoint.size) this.leaf.value = await proveLeaf(this.read, now, index)
    })
  }

  async checkAll(): Promise<void> {
    this.all.value = null
    this.stopper = new AbortController()
    await this.guarded(async () => {
      const head = this.proof.value?.head
      if (!head) return
      this.progress.value = [0, head.checkpoint.size]
      this.all.value = await proveAll(this.read, head, (done, all) => (this.progress.value = [done, all]), this.stopper.signal)
    })
    this.progress.value = null
  }

  stop(): void {
    this.stopper.abort()
  }

  /** Start over: after a broken proof only a person decides to look again. */
  async again(): Promise<void> {
    this.kept.clear()
    this.proof.value = null
    this.all.value = null
    await this.checkHead()
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    if (!globalThis.crypto?.subtle) {
      this.hindrance.value = 'insecure'
      return
    }
    this.busy.value = true
    try {
      await work()
      this.hindrance.value = null
    } catch (failure) {
      if (failure instanceof Refused) this.hindrance.value = [401, 403].includes(failure.refusal.status) ? 'signedOut' : 'unreachable'
      else if (failure instanceof DOMException && failure.name === 'NotSupportedError') this.hindrance.value = 'noEd25519'
      else if (!(failure instanceof DOMException && failure.name === 'AbortError')) throw failure
    } finally {
      this.busy.value = false
    }
  }
}
