/**
 * The room: the snapshot, and the one stream that renews it.
 *
 * The stream only says what happened; the parts that it touches are asked for again, at most
 * once in 400 ms. When the line is lost the picture stays, with its age, and the stream is
 * taken up where it broke (`Last-Event-ID`).
 */

import { shallowRef, type ShallowRef } from 'vue'
import { Api, Refused, UNREACHABLE } from './api'
import { EMPTY, OF_A_MOMENT, PART_NAMES, pathOf, touchedBy, withPart, withPicture, type Part, type PartName, type Parts, type Snapshot } from './snapshot'
import { EventReader, type ServerEvent } from './sse'
import type { Ahead, Danger, Demo, Picture } from './types'

const GATHER_MS = 400
/** What may be reached is asked for so often while the air is shown. */
const DANGER_MS = 15_000
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000]
/** Without a word for this long the line counts as lost. */
const SILENCE_MS = 30_000
/** States depend on the moment too: ask again when the scenario moved this far. */
const SCENARIO_STEP_MS = 6 * 3_600_000

export class Room {
  readonly snapshot: ShallowRef<Snapshot> = shallowRef(EMPTY)
  api = new Api(null)
  /** Grows with each renewal of the log; details are asked for again when it does. */
  readonly tick = shallowRef(0)

  private lastId: string | null = null
  private due = new Set<PartName>()
  private timer: ReturnType<typeof setTimeout> | null = null
  private stop = new AbortController()
  private retries = 0
  private askedAt = 0
  private dangerAt = 0


  /** Learn whether this is an exercise, and through whose eyes it is looked at; then open the line. */
  async open(tokenFor: (demo: Demo) => string | null): Promise<void> {
    await this.loadDemo()
    const { demo } = this.snapshot.value
    if (demo) this.api = new Api(tokenFor(demo))
    this.start()
  }

  private start(): void {
    this.renew(PART_NAMES)
    void this.listen()
  }

  /** See the room as someone else: nothing of the former picture stays. */
  as(token: string | null): void {
    this.stop.abort()
    this.stop = new AbortController()
    this.api = new Api(token)
    this.lastId = null
    this.dangerAt = 0
    this.snapshot.value = { ...EMPTY, demo: this.snapshot.value.demo, at: this.snapshot.value.at }
    this.start()
  }

  close(): void {
    this.stop.abort()
  }

  async control(change: { playing?: boolean; speed?: number; seek_at?: string }): Promise<void> {
    const said = await this.api.post<Demo | null>('/api/demo', change)
    if (said && typeof said === 'object' && 'scenario_at' in said) this.setDemo(said)
    else await this.loadDemo()
    if (change.seek_at) this.renew(PART_NAMES)
  }

  /** Look at the record as it stood at a moment; null: as it stands now. */
  lookAt(at: string | null): void {
    if (this.snapshot.value.at === at) return
    this.snapshot.value = { ...this.snapshot.value, at }
    this.renew(OF_A_MOMENT)
  }

  renew(names: Iterable<PartName>): void {
    for (const name of names) this.due.add(name)
    this.timer ??= setTimeout(() => void this.load(), this.snapshot.value.heardAt ? GATHER_MS : 0)
  }

  private async load(): Promise<void> {
    this.timer = null
    const names = [...this.due]
    this.due.clear()
    const api = this.api
    await Promise.all(names.map((name) => this.loadPart(api, name)))
    this.tick.value += 1
  }

  private async loadPart<K extends PartName>(api: Api, name: K): Promise<void> {
    let next = this.snapshot.value.parts[name] as Part<Parts[K]>
    const { at } = this.snapshot.value
    try {
      next = { value: await api.get(pathOf(name, at)), refusal: null }
    } catch (failure) {
      const refusal = failure instanceof Refused ? failure.refusal : UNREACHABLE
      const kept = refusal.status === 0 || refusal.status >= 500
      next = { value: kept ? next.value : null, refusal }
    }
    // An answer for someone else, or for another moment, comes too late.
    if (api !== this.api || at !== this.snapshot.value.at) return
    this.snapshot.value = withPart(this.snapshot.value, name, next)
    if (!next.refusal) this.heard()
  }

  private async loadDanger(api: Api): Promise<void> {
    if (Date.now() - this.dangerAt < DANGER_MS) return
    this.dangerAt = Date.now()
    try {
      const danger = await api.get<Danger>('/api/sighting-warnings')
      if (api === this.api) this.snapshot.value = { ...this.snapshot.value, danger }
    } catch {
      if (api === this.api) this.snapshot.value = { ...this.snapshot.value, danger: null }
    }
  }

  private async loadDemo(): Promise<void> {
    try {
      this.setDemo(await this.api.get<Demo>('/api/demo'))
    } catch {
      this.snapshot.value = { ...this.snapshot.value, demo: null }
    }
  }

  private setDemo(demo: Demo): void {
    this.snapshot.value = { ...this.snapshot.value, demo }
  }

  private heard(): void {
    this.snapshot.value = { ...this.snapshot.value, heardAt: Date.now() }
  }

  private setLink(link: Snapshot['link']): void {
    if (this.snapshot.value.link !== link) this.snapshot.value = { ...this.snapshot.value, link }
  }

  private async listen(): Promise<void> {
    const mine = this.stop
    while (!mine.signal.aborted) {
      try {
        await this.read(mine)
      } catch {
        // Lost; the loop takes it up again.
      }
      if (mine.signal.aborted) return
      this.setLink('lost')
      const wait = RETRY_MS[Math.min(this.retries, RETRY_MS.length - 1)] as number
      this.retries += 1
      await new Promise((done) => setTimeout(done, wait))
    }
  }

  private async read(mine: AbortController): Promise<void> {
    const silent = new AbortController()
    let alarm = setTimeout(() => silent.abort(), SILENCE_MS)
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (this.lastId !== null) headers['Last-Event-ID'] = this.lastId
    const signal = AbortSignal.any([mine.signal, silent.signal])
    try {
      const answer = await this.api.ask('/api/events', { headers, signal, cache: 'no-store' })
      const body = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
      if (!body) return
      this.opened()
      const events = new EventReader()
      for (;;) {
        const { done, value } = await body.read()
        if (done) return
        clearTimeout(alarm)
        alarm = setTimeout(() => silent.abort(), SILENCE_MS)
        this.heard()
        for (const one of events.push(value)) this.take(one)
      }
    } finally {
      clearTimeout(alarm)
    }
  }

  private opened(): void {
    this.setLink('live')
    // After a break the stream repeats what was missed, but clocks may have moved without a record.
    if (this.retries > 0) this.renew(PART_NAMES)
    this.retries = 0
  }

  private take(one: ServerEvent): void {
    if (one.id) this.lastId = one.id
    const data: unknown = JSON.parse(one.data)
    if (one.event === 'record') {
      const { kind, count } = data as { kind: string; count?: number }
      // What comes in now changes nothing of an earlier moment.
      this.renew(this.snapshot.value.at === null ? touchedBy(kind, count) : ['log'])
    }
    else if (one.event === 'checkpoint') this.renew(['log'])
    else if (one.event === 'aircraft') {
      this.snapshot.value = withPicture(this.snapshot.value, data as Picture)
      void this.loadDanger(this.api) // whoever is shown the air is shown what may be reached
    }
    else if (one.event === 'predictions') this.snapshot.value = { ...this.snapshot.value, ahead: data as Ahead }
    else if (one.event === 'clock') this.takeClock(data as Partial<Demo> & { scenario_at: string })
  }

  private takeClock(said: Partial<Demo> & { scenario_at: string }): void {
    const { demo } = this.snapshot.value
    if (demo) this.setDemo({ ...demo, ...said })
    const at = Date.parse(said.scenario_at)
    if (Math.abs(at - this.askedAt) > SCENARIO_STEP_MS) {
      if (this.askedAt && this.snapshot.value.at === null) this.renew(OF_A_MOMENT)
      this.askedAt = at
    }
  }
}
