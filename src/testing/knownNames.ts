import { expectedNames } from '../schema/validator/nearestName.ts'

/**
 * Makes an object throw when an unknown member is read: `app.mock(cities).getCty` would be undefined, and the error would
 * name neither the service nor the typo.
 *
 * @param title - What has no such member, such as `city-service has no operation`.
 */
export function withKnownNames<Members extends object>(
  title: string,
  members: Members,
  names: readonly string[] = Object.keys(members),
): Members {
  const guard = new Proxy(Object.prototype, {
    get(target, name, receiver) {
      if (typeof name === 'symbol' || name in target || probed.test(name))
        return Reflect.get(target, name, receiver) as unknown
      throw new TypeError(`${title} ${name}${expectedNames(name, names)}`)
    },
  })
  return Object.setPrototypeOf(members, guard) as Members
}

/** What promises, matchers and printers look for in any object. */
const probed =
  /^(?:then|toJSON|asymmetricMatch|inspect|size|length|nodeType|nodeName|tagName|isEqualNode|ownerDocument|hasAttribute)$|\W/
