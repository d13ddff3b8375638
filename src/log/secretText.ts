import { isSecret } from './secretNames.ts'

/** What is written in the place of a secret. */
export const censored = '[redacted]'

/**
 * The same text without what is certainly a secret: the password of a URL, the value of a parameter, setting, JSON field
 * or header that is named like one (`?access_token=…`, `password=…`, `"jwt":"…"`, `cookie: …`), what follows `Bearer`.
 *
 * Each expression has bounds, so that no text takes more than linear time.
 */
export function withoutSecretText(text: string): string {
  const hasColon = text.includes(':')
  if (!hasColon && !text.includes('=') && !text.includes('earer ') && !text.includes('asic ')) return text
  let clean = text
  if (hasColon) clean = clean.replace(cookies, `$1${censored}`).replace(userInfo, `$1${censored}@`)
  return withoutSettings(clean).replace(credentials, `$1 ${censored}`)
}

const cookies = /\b((?:set-)?cookie"?: ?"?)[^\r\n"]{1,4096}/gi
/** A password may hold what a URL cannot; `//host:80/` has none. */
const userInfo = /(:\/\/[^\s/:?#@"'<>]{0,256}:)(?!\d{1,5}(?:[/?#\s]|$))[^\s"'<>]{1,256}@/g
const credentials = /\b(bearer|basic)\s{1,8}(?=[^\s"',]{0,256}\d)[\w.~+/=-]{6,4096}/gi

const setting = /(?<![\w.-])([\w.-]{1,64})(=|"?: ?"?)/g
const settingValue = /(?:(?:bearer|basic|digest) )?[^\s&;,"'<>#]{1,4096}/iy

function withoutSettings(text: string): string {
  let clean = ''
  let from = 0
  for (const { index, 0: beginning, 1: name, 2: sign } of text.matchAll(setting)) {
    // In a sentence, `token: expected` tells no secret; a header's name is in no sentence.
    if (!isSecret(name!) || (sign!.startsWith(':') && !header.test(name!))) continue
    const start = (settingValue.lastIndex = index + beginning.length)
    const value = settingValue.exec(text)
    if (!value || start < from || harmless.test(value[0])) continue
    clean += text.slice(from, start) + censored
    from = start + value[0].length
  }
  return from === 0 ? text : clean + text.slice(from)
}

/** That there is none may be known, and how the secret is sent. */
const harmless = /^(?:true|false|null|undefined|bearer|basic|\[redacted\])$/i
const header = /^(?:(?:proxy-)?authorization|x-[\w-]+)$/i
