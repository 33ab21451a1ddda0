// k6/crypto: every hash function and HMAC with known answers, all output encodings.
import crypto, { createHash, createHMAC, hmac } from 'k6/crypto';
import * as all from 'k6/crypto';
import { check } from 'k6';
const known = { // of "héllo", of nothing, HMAC of "msg" with "key"
  md4: ['ccde86d42234617e3ce2c433cfd02c8c', '31d6cfe0d16ae931b73c59d7e0c089c0', '1534b4a76797184e182c3dede8967a77'],
  md5: ['be50e8478cf24ff3595bc7307fb91b50', 'd41d8cd98f00b204e9800998ecf8427e', '18e3548c59ad40dd03907b7aeee71d67'],
  ripemd160: ['041e270eda59c3368da0f8750eb47b41b24c2964', '9c1185a5c5e9fc54612808977ee8f548b2258d31', 'af9f1041c7727ee3161fdbda8821364fb888a0e2'],
  sha1: ['35b5ea45c5e41f78b46a937cc74d41dfea920890', 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '102900b72b7bf1031eec76b4804b66052376896b'],
  sha256: ['3c48591d8d098a4538f5e013dfcf406e948eac4d3277b10bf614e295d6068179', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '2d93cbc1be167bcb1637a4a23cbff01a7878f0c50ee833954ea5221bb1b8c628'],
  sha384: ['19d752a0be2905196c631f6a82a3169a58b1d850f2773d88702d8ca77dcdd25cfed091bc38c38b7efff287514831f61a', '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b', '3bba95ff38376a129225ec5430dd3aff6ac7b7acdb829a4af35f33f8c6ddbbf9d85fb31f8b20316db93aedd08a816cfa'],
  sha512: ['a67e831011aa41ebb2a218c8ff727f1c60d62f06e1681678d176a81cd72ee69e7250c4c943cacbab28e42768615a5c41b6b0d42591d2c26a65670b38e97306dc', 'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e', '1e4b55b925ccc28ed90d9d18fc2393fcbe164c0d84e67e173cc5aa486b7afc106633c66bdc309076f5f8d9fdbbb62456f894f2c23377fbcc12f4ab2940eb6d70'],
  sha512_224: ['2b508b59e1d99e3eeb6ebdfff3fb5ce698f72266254db96b80786b96', '6ed0dd02806fa89e25de060c19d3ac86cabb87d6a0ddd05c333b84f4', '9a720650b95bffce966e59d19ef2129471013f001fe928dfe1049169'],
  sha512_256: ['e85510cc4c72bb7889359626546beff905dcc4bf860796fde87f5a19f81e6c13', 'c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a', '1a894d7213ab1c9a55dad1381fc2d0a0a442ab42a9a57b0289efae9f9427cdfb'],
};
export default function () {
  for (const [name, [hello, nothing, mac]] of Object.entries(known)) {
    const signer = createHMAC(name, 'key');
    signer.update('msg');
    check(crypto[name], {
      [`${name}: hash`]: (f) => f('héllo', 'hex') === hello && createHash(name).digest('hex') === nothing,
      [`${name}: HMAC`]: () => hmac(name, 'key', 'msg', 'hex') === mac && signer.digest('hex') === mac,
    });
  }
  const binary = crypto.md5('b', 'binary');
  check(binary, {
    'binary': (b) => b instanceof ArrayBuffer && new Uint8Array(b).join() === '146,235,95,254,230,174,47,236,58,215,28,119,117,49,87,143',
    'base64': () => crypto.md5('b', 'base64') === 'kutf/uauL+w61xx3dTFXjw==' && hmac('sha1', 'k', 'd', 'base64') === 'K5DkHnwMyOL3XAKRDDiZzEaLoxY=',
    'base64url': () => crypto.md5('b', 'base64url') === 'kutf_uauL-w61xx3dTFXjw==' && crypto.md5('b', 'base64rawurl') === 'kutf_uauL-w61xx3dTFXjw',
  });
}
