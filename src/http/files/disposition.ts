/**
 * Writes a `content-disposition`. Names outside ASCII are encoded by RFC 8187, beside a plain one for old clients. Folders
 * and control characters are removed, so that no name can lead out of the folder of downloads.
 */
export function dispositionOf(kind: 'attachment' | 'inline', name: string | undefined): string {
  if (name === undefined) return kind
  const safe = fileName(name)
  const ascii =
    safe
      .normalize('NFKD')
      .replaceAll(/[^\x20-\x7e]/g, '')
      .replaceAll(/["\\%]/g, '_') || 'file'
  const plain = `${kind}; filename="${ascii}"`
  return ascii === safe ? plain : `${plain}; filename*=UTF-8''${encoded(safe)}`
}

/** Returns the last part of a path, without control characters; `file` when nothing is left. */
export function fileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1)!
  const clean = last.replaceAll(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu, '').trim()
  return /^\.*$/.test(clean) ? 'file' : clean.slice(0, maxLength)
}

/** Characters of a name: 255 bytes are the limit of most file systems. */
const maxLength = 200

/** RFC 8187, 3.2.1: all but `attr-char` is encoded. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}
