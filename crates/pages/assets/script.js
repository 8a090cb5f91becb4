// Passkeys need the browser's own dialogue, so this part of the pages needs a script. Everything else works without it.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const post = async (path, body) => {
    const reply = await fetch(path, {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const answer = reply.status === 204 ? {} : await reply.json();
    if (!reply.ok) throw new Error(answer.detail || Object.values(answer).flat().join(" "));
    return answer;
  };
  const list = (credentials) => (credentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const create = async (options) => {
    const key = options.publicKey || options;
    const credential = await navigator.credentials.create({ publicKey: {
      ...key, challenge: bytes(key.challenge), user: { ...key.user, id: bytes(key.user.id) },
      excludeCredentials: list(key.excludeCredentials),
    } });
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type,
      extensions: credential.getClientExtensionResults(),
      response: {
        attestationObject: text(credential.response.attestationObject),
        clientDataJSON: text(credential.response.clientDataJSON),
        transports: credential.response.getTransports ? credential.response.getTransports() : [],
      },
    };
  };
  const get = async (options) => {
    const key = options.publicKey || options;
    const credential = await navigator.credentials.get({ publicKey: {
      ...key, challenge: bytes(key.challenge), allowCredentials: list(key.allowCredentials),
    } });
    const { authenticatorData, clientDataJSON, signature, userHandle } = credential.response;
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type,
      extensions: credential.getClientExtensionResults(),
      response: {
        authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature),
        userHandle: userHandle ? text(userHandle) : null,
      },
    };
  };
  const control = (selector, run) => {
    const place = document.querySelector(selector);
    if (!place) return;
    place.hidden = false;
    const problem = document.querySelector("[data-passkey-problem]");
    place.querySelector("button").addEventListener("click", async () => {
      if (problem) problem.hidden = true;
      try {
        await run(place);
      } catch (error) {
        if (!problem) return;
        problem.textContent = error.name === "NotAllowedError" ? "The browser did not use a passkey." : error.message;
        problem.hidden = false;
      }
    });
  };
  const go = (next) => location.assign(next && next.startsWith("/") && !next.startsWith("//") ? next : "/account/");
  const signIn = async (base, begin, next) => {
    const started = await post(`${base}begin/`, begin);
    const credential = await get(started.options);
    await post(`${base}finish/`, { ceremony: started.ceremony, credential, session: true });
    go(next);
  };
  control("[data-passkey-sign-in]", (place) => signIn("/api/passkeys/signin/", {}, place.dataset.next));
  control("[data-passkey-factor]", (place) =>
    signIn("/api/passkeys/mfa/", { ceremony: place.dataset.passkeyFactor }, place.dataset.next));
  control("[data-passkey-add]", async (place) => {
    const name = place.querySelector("input").value || "Passkey";
    const started = await post("/api/passkeys/registration/begin/", { name });
    const credential = await create(started.options);
    await post("/api/passkeys/registration/finish/", { ceremony: started.ceremony, name, credential });
    location.assign("/account/?note=passkey#passkeys");
  });
})();
