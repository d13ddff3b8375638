import { talk, withService } from '../http/sockets.mjs'

export const number = 19
export const title = 'malformed HTTP'

const get = (target, headers = 'Host: a\r\n', version = 'HTTP/1.1') => `GET ${target} ${version}\r\n${headers}\r\n`
const post = (headers, body, version = 'HTTP/1.1') =>
  `POST /things ${version}\r\nHost: a\r\nContent-Type: application/json\r\n${headers}\r\n${body}`
const chunks = 'c\r\n{"name":"a"}\r\n0\r\n\r\n'
const chunked = 'Transfer-Encoding: chunked\r\n'

const malformed = {
  'no Host': get('/things/1', ''),
  'Host twice': get('/things/1', 'Host: a\r\nHost: a\r\n'),
  'two Hosts': get('/things/1', 'Host: a\r\nHost: b\r\n'),
  'an empty Host': get('/things/1', 'Host: \r\n'),
  'Hosts with a comma': get('/things/1', 'Host: a, b\r\n'),
  'an absolute target': get('http://b/things/1'),
  'GET *': get('*'),
  '# in the target': get('/things/1#2'),
  'TE with CL': post(`${chunked}Content-Length: 12\r\n`, chunks),
  'CL with TE': post(`Content-Length: 12\r\n${chunked}`, chunks),
  'two lengths': post('Content-Length: 12\r\nContent-Length: 13\r\n', '{"name":"a"}'),
  'TE in HTTP/1.0': post(chunked, chunks, 'HTTP/1.0'),
  'gzip, chunked': post('Transfer-Encoding: gzip, chunked\r\n', chunks),
  'gzip and chunked': post(`Transfer-Encoding: gzip\r\n${chunked}`, chunks),
  'obs-fold': get('/things/1', 'Host: a\r\nX: b\r\n c\r\n'),
  'bare LF': 'GET /things/1 HTTP/1.1\nHost: a\n\n',
  'a bare LF in a chunk': post(chunked, 'c\n{"name":"a"}\r\n0\r\n\r\n'),
  'a bare CR': get('/things/1', 'Host: a\r\nX: b\rc\r\n'),
  'NUL in a header': get('/things/1', 'Host: a\r\nX: b\0c\r\n'),
  'a wrong escape': get('/things/%zz'),
  'an escaped NUL': get('/things/1?q=%00'),
  'HTTP/0.9': 'GET /things/1\r\n\r\n',
  'HTTP/2.0 in words': get('/things/1', 'Host: a\r\n', 'HTTP/2.0'),
}

/** A request behind a rejected one must not run. */
const behind = get('/smuggled')

export function run() {
  return withService(async ({ port, caller }) => {
    const names = Object.keys(malformed)
    const responses = await Promise.all(names.map((name) => talk(port, malformed[name] + behind)))
    const wrong = names.filter((_, i) => {
      const { statuses, isClosed, body } = responses[i]
      return `${statuses}` !== '400' || !isClosed || JSON.parse(body).code !== 40000
    })
    const { body: atFirst } = await caller.send('GET', '/state')

    const odd = await mutated(port, 2000)
    const { status } = await caller.send('GET', '/things/1')
    return [
      [
        `400 and closed, of ${names.length}`,
        `${names.length - wrong.length} ${wrong}`,
        `${names.length}`,
        wrong.length === 0,
      ],
      ['requests behind them that ran', `${atFirst.data.smuggled}`, '0', atFirst.data.smuggled === 0],
      ['of 2,000 mutated requests, responses over 499', `${odd.failures}`, '0', odd.failures === 0],
      ['of these, neither a response nor closed', `${odd.silent}`, '0', odd.silent === 0],
      ['responses afterwards', `${status}`, '200', status === 200],
    ]
  })
}

/** Valid requests with a few bytes changed, left out or put in; a seed makes them the same each time. */
async function mutated(port, count) {
  const random = seeded(17)
  const interesting = [
    '\r',
    '\n',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    '#',
    '%',
    '\\',
    '\x7f',
    '\xff',
    'chunked',
    'Host: b\r\n',
    '0',
  ]
  const valid = [get('/things/1?q=2'), post('Content-Length: 12\r\n', '{"name":"a"}'), post(chunked, chunks)]
  let failures = 0
  let silent = 0
  for (let done = 0; done < count; done += 100) {
    const batch = Array.from({ length: 100 }, () => {
      let text = valid[Math.floor(random() * valid.length)]
      for (let n = 0; n <= random() * 3; n++) {
        const at = Math.floor(random() * text.length)
        const put = interesting[Math.floor(random() * interesting.length)]
        text = text.slice(0, at) + (random() < 0.3 ? '' : put) + text.slice(at + (random() < 0.5 ? 1 : 0))
      }
      // Ends what the change has left open: the connection ends with the response.
      return talk(port, `${text}\r\n\r\n\r\nGET * HTTP/1.1\r\n\r\n`, 45_000)
    })
    for (const { statuses, isClosed } of await Promise.all(batch)) {
      if (statuses.some((status) => status >= 500)) failures++
      if (!isClosed) silent++
    }
  }
  return { failures, silent }
}

/** Mulberry32. */
function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
