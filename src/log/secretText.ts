import { isSecret } from './secretNames.ts'

/** The text that replaces a secret. */
export const censored = '[redacted]'

/**
 * Removes secrets from a text: passwords in URLs, values named like a secret, and what follows `Bearer`. Named values
 * are parameters, settings, JSON fields and headers: `?access_token=…`, `password=…`, `"jwt":"…"`, `cookie: …`.
 *
 * Each expression is bounded, so that every text takes linear time.
 */
export function withoutSecretText(text: string): string {
  const hasColon = text.includes(':')
  if (!hasColon && !text.includes('=') && !text.includes('earer ') && !text.includes('asic ')) return text
  let clean = text
  if (hasColon) clean = clean.replace(cookies, `$1${censored}`).replace(userInfo, `$1${censored}@`)
  return withoutSettings(clean).replace(credentials, `$1 ${censored}`)
}

const cookies = /\b((?:set-)?cookie"?: ?"?)[^\r\n"]{1,4096}/gi
/** A password may contain characters that a URL may not; `//host:80/` has none. */
const userInfo = /(:\/\/[^\s/:?#@"'<>]{0,256}:)(?!\d{1,5}(?:[/?#\s]|$))[^\s"'<>]{1,256}@/g
const credentials = /\b(bearer|basic)\s{1,8}(?=[^\s"',]{0,256}\d)[\w.~+/=-]{6,4096}/gi

const setting = /(?<![\w.-])([\w.-]{1,64})(=|"?: ?"?)/g
const settingValue = /(?:(?:bearer|basic|digest) )?[^\s&;,"'<>#]{1,4096}/iy

function withoutSettings(text: string): string {
  let clean = ''
  let from = 0
  for (const { index, 0: beginning, 1: name, 2: sign } of text.matchAll(setting)) {
    // In a sentence, `token: expected` is no secret; no sentence contains the name of a header.
    if (!isSecret(name!) || (sign!.startsWith(':') && !header.test(name!))) continue
    const start = (settingValue.lastIndex = index + beginning.length)
    const value = settingValue.exec(text)
    if (!value || start < from || harmless.test(value[0])) continue
    clean += text.slice(from, start) + censored
    from = start + value[0].length
  }
  return from === 0 ? text : clean + text.slice(from)
}

/** It is no secret that a value is missing, or which scheme sends it. */
const harmless = /^(?:true|false|null|undefined|bearer|basic|\[redacted\])$/i
const header = /^(?:(?:proxy-)?authorization|x-[\w-]+)$/i
