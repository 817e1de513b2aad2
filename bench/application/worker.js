// node worker.js LIBRARY PORT DATABASE QUEUE TIMEOUT WORKERS: so many node-resque workers in this process
"use strict";
const fs = require("fs");
const os = require("os");

const [library, port, database, queue, timeout, count] = process.argv.slice(2);
const { Worker } = require(library);

const jobs = {
  Stamp: {
    perform: (letterbox) => {
      const now = process.hrtime.bigint();
      fs.writeFileSync(letterbox, `${now}\n`, { flag: "a" });
    },
  },
  Noop: { perform: () => {} },
  Fails: {
    perform: () => {
      throw new Error("as always");
    },
  },
};

async function start(number) {
  const connection = { pkg: "ioredis", host: "127.0.0.1", port: Number(port), database: Number(database) };
  const name = `${os.hostname()}:${process.pid}+${number}`;
  const worker = new Worker({ connection, name, queues: [queue], timeout: Number(timeout) }, jobs);
  worker.on("error", console.error);
  await worker.connect();
  worker.start();
  return worker;
}

async function main() {
  const workers = await Promise.all(Array.from({ length: Number(count) }, (_, number) => start(number)));
  process.on("SIGTERM", async () => {
    await Promise.all(workers.map((worker) => worker.end()));
    process.exit();
  });
}

main();
