import { contract, cookie, file, multipart, NotFound, t, Unauthorized, upload } from 'tricube'

const session = cookie({ signed: true, maxAgeSeconds: 3600 })
const Received = t.Object({ bytes: t.Integer(), sha256: t.String() })

/** What a page in a browser calls: it is in the bundle of the page, and in the service. */
export const albums = contract('album-service', {
  putPhoto: { route: 'PUT /photos/:id', body: upload({ types: ['image/*'], maxBytes: 3_000_000 }), returns: Received },
  addPhoto: {
    route: 'POST /photos',
    body: multipart({ fields: { title: t.String() }, files: { photo: { types: ['image/*'], maxBytes: 3_000_000 } } }),
    returns: t.Object({ title: t.String(), name: t.String(), sha256: t.String() }),
  },
  getPhoto: { route: 'GET /photos/:id', returns: file('image/png'), errors: [NotFound] },
  endless: { route: 'GET /endless', returns: file() },
  logIn: {
    route: 'POST /login',
    body: t.Object({ name: t.String() }),
    returns: t.Null(),
    setCookies: { session },
    responseHeaders: { 'x-visits': t.Integer() },
  },
  whoAmI: { route: 'GET /me', returns: t.String(), cookies: { session }, errors: [Unauthorized] },
  logOut: { route: 'POST /logout', status: 204, setCookies: { session } },
})
