// A strict, certified provider of OpenID Connect, for one client. It prints one line once it listens.
//
//   node provider.mjs PORT CLIENT-ID CLIENT-SECRET BASE-OF-STOA NAME
import { Provider } from 'oidc-provider';

const [port, client_id, client_secret, stoa, name] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const people = {
  ann: { sub: 'ann', given_name: 'Ann', family_name: 'Bee', email: 'ann@example.org', email_verified: true },
};
const provider = new Provider(issuer, {
  clients: [{
    client_id,
    client_secret,
    redirect_uris: [`${stoa}/api-auth/${name}/complete/`],
    post_logout_redirect_uris: [`${stoa}/`],
    backchannel_logout_uri: `${stoa}/api-auth/${name}/backchannel-logout/`,
    backchannel_logout_session_required: true,
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  pkce: { required: () => true },
  claims: { openid: ['sub', 'sid'], profile: ['given_name', 'family_name'], email: ['email', 'email_verified'] },
  findAccount: (ctx, id) => people[id] && { accountId: id, claims: () => people[id] },
  features: { backchannelLogout: { enabled: true } },
  // It refuses to call addresses of its own machine, where the server under test is.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  cookies: { keys: [crypto.randomUUID()] },
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('backchannel.error', (ctx, error) => console.error('backchannel', error));
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
