/** node:http and nothing else but pg's pool: what any framework on Node has to be measured against. */
import { createServer } from 'node:http'
import { findProfile } from './callees.mjs'
import { addEntry, findAccount, findNamed, listAccounts } from './store.mjs'

class InvalidRequest extends Error {}

const get = {
  users: (id) => ({ id, name: `user ${id}` }),
  accounts: findAccount,
  profiles: findProfile,
  cities: (id) => findNamed('cities', id),
  roles: (id) => findNamed('roles', id),
}
const post = { users: (user) => user, entries: addEntry }

createServer(async (request, response) => {
  try {
    const body = JSON.stringify({ code: 0, data: await handle(request) })
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    })
    response.end(body)
  } catch (error) {
    response.writeHead(error instanceof InvalidRequest ? 400 : 500).end()
  }
}).listen(Number(process.env.PORT), '127.0.0.1')

async function handle(request) {
  const { method, url } = request
  const query = url.indexOf('?')
  const [, name, id] = (query < 0 ? url : url.slice(0, query)).split('/', 3)
  if (method === 'POST') return post[name](newUser(await json(request)))
  if (query >= 0) return listAccounts(integer(new URLSearchParams(url.slice(query)).get('after')))
  return get[name](integer(id))
}

function json(request) {
  return new Promise((resolve, reject) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => (text += chunk))
    request.on('error', reject)
    request.on('end', () => {
      try {
        resolve(JSON.parse(text))
      } catch {
        reject(new InvalidRequest())
      }
    })
  })
}

function integer(text) {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidRequest()
  return Number(text)
}

function newUser({ name, age, email, city_id }) {
  const isValid =
    typeof name === 'string' &&
    name.length >= 1 &&
    name.length <= 64 &&
    Number.isInteger(age) &&
    age >= 0 &&
    age <= 150 &&
    typeof email === 'string' &&
    email.length <= 254 &&
    /^[^@\s]+@[^@\s]+$/.test(email) &&
    Number.isInteger(city_id) &&
    city_id >= 1
  if (!isValid) throw new InvalidRequest()
  return { name, age, email, city_id }
}
