/** Server-sent events from a byte stream (WHATWG HTML, 9.2.6), as a pure fold over text. */

export interface ServerEvent {
  readonly event: string
  readonly data: string
  readonly id: string | null
}

export class EventReader {
  private rest = ''
  private data: string[] = []
  private event = ''
  private id: string | null = null

  /** Take the next piece of text; return the events that it completes. */
  push(text: string): ServerEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?=[^\n])/)
    this.rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.line(line))
  }

  private line(line: string): ServerEvent[] {
    if (line === '') return this.flush()
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
    if (field === 'data') this.data.push(value ?? '')
    else if (field === 'event') this.event = value ?? ''
    else if (field === 'id') this.id = value ?? ''
    return []
  }

  private flush(): ServerEvent[] {
    const done = this.data.length
      ? [{ event: this.event || 'message', data: this.data.join('\n'), id: this.id }]
      : []
    this.data = []
    this.event = ''
    return done
  }
}
