import { talk, withService } from '../http/sockets.mjs'

export const number = 20
export const title = 'names of prototypes'

const request = (method, target, headers = '', body = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n${body}`
const json = (method, target, body) =>
  request(method, target, `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body)

const bodies = [
  '{"name":"a","__proto__":{"polluted":1}}',
  '{"name":"a","constructor":{"prototype":{"polluted":1}}}',
  '{"name":"a","\\u005f_proto__":{"polluted":1}}',
  '{"name":"a","deep":[{"__proto__":{"polluted":1}}]}',
]
const polluting = [
  ...bodies.flatMap((body) => [json('POST', '/things', body), json('PUT', '/anything', body)]),
  json('POST', '/things', '{"name":"a","constructor":1}'),
  request('GET', '/things/1?__proto__=polluted'),
  request('GET', '/things/1?q=a&constructor=polluted'),
  request('GET', '/things/1?%5f%5fproto__=polluted'),
  request('GET', '/things/__proto__'),
  request('GET', '/things/%5F_proto__'),
  request('GET', '/things/1', '__proto__: polluted\r\n'),
  request('GET', '/things/1', 'Constructor: polluted\r\n'),
  request('GET', '/things/1?__proto__[polluted]=1'), // a parameter that the contract does not name
  request('GET', '/things/1?constructor.prototype.polluted=1'),
]
/** Values with these names: harmless, and accepted. */
const harmless = [request('GET', '/things/constructor'), request('GET', '/things/1?q=__proto__')]

export function run() {
  return withService(async ({ port, caller }) => {
    const state = async () => `${(await caller.send('GET', '/state')).body.data.names}`
    const before = await state()
    const responses = await Promise.all(polluting.map((text) => talk(port, text)))
    const passed = polluting.filter((_, i) => `${responses[i].statuses}` !== '400')
    const others = await Promise.all(harmless.map((text) => talk(port, text)))
    const failures = others.filter(({ statuses }) => `${statuses}` !== '200').length
    const isSame = (await state()) === before
    return [
      [
        `rejected, of ${polluting.length}`,
        `${polluting.length - passed.length}`,
        `${polluting.length}`,
        passed.length === 0,
      ],
      [`harmless ones rejected, of ${harmless.length}`, `${failures}`, '0', failures === 0],
      ['Object.prototype', isSame ? 'unchanged' : 'changed', 'unchanged', isSame],
    ]
  })
}
