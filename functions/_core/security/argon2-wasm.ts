/** A module of its own, so that a bundle takes of hash-wasm what is named here, and not its thirty other hashes. */
export { argon2id, argon2Verify } from 'hash-wasm';
