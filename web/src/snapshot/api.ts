/** Asking the server. Every failure becomes a `Refused` that can be shown in plain words. */

import type { Refusal } from './types'

export class Refused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.detail)
    this.refusal = refusal
  }
}

export const UNREACHABLE: Refusal = { status: 0, reason: 'unreachable', detail: '', remedy: '' }

const MOST_KNOWN = 400

export class Api {
  private readonly token: string | null
  /** The last text and value of each path: an unchanged answer keeps its identity. */
  private readonly known = new Map<string, { text: string; value: unknown }>()

  constructor(token: string | null) {
    this.token = token
  }

  headers(): Record<string, string> {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {}
  }

  async get<T>(path: string): Promise<T> {
    const text = await (await this.ask(path)).text()
    const before = this.known.get(path)
    if (before?.text === text) return before.value as T
    const value: unknown = JSON.parse(text)
    if (this.known.size >= MOST_KNOWN) this.known.clear()
    this.known.set(path, { text, value })
    return value as T
  }

  async bytes(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      return new Uint8Array(await (await this.ask(path)).arrayBuffer())
    } catch (failure) {
      if (failure instanceof Refused && failure.refusal.status === 404) return null
      throw failure
    }
  }

  async post<T>(path: string, value: unknown): Promise<T> {
    const body = JSON.stringify(value)
    const asked = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }
    return (await (await this.ask(path, asked)).json()) as T
  }

  async ask(path: string, asked: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    let answer: Response
    try {
      answer = await fetch(path, { ...asked, headers: { ...this.headers(), ...asked.headers } })
    } catch (failure) {
      if (asked.signal?.aborted) throw failure
      throw new Refused(UNREACHABLE)
    }
    if (answer.ok) return answer
    throw new Refused(await readRefusal(answer))
  }
}

async function readRefusal(answer: Response): Promise<Refusal> {
  const said: Partial<Refusal> = await answer.json().catch(() => ({}))
  return {
    status: answer.status,
    reason: said.reason ?? 'http',
    detail: said.detail ?? '',
    remedy: said.remedy ?? '',
  }
}
