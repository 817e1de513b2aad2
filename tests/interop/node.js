// node node.js LIBRARY PORT: node-resque, as the lines of standard input want it. Each is JSON: the name of an object
// (queue, worker, scheduler), of a method of it, and arguments; it is answered by a line, {"result": …} or {"error": …}.
// {"make": name, "options": {…}} makes a worker or scheduler under that name, and connects it.
"use strict";
const readline = require("readline");

const [library, port] = process.argv.slice(2);
const { Queue, Worker, Scheduler } = require(library);
const connection = { pkg: "ioredis", host: "127.0.0.1", port: Number(port), database: 0 };
const made = { queue: new Queue({ connection }, {}) };
const redis = () => made.queue.connection.redis;

const jobs = {
  Say: async (...args) => redis().rpush("test:node", JSON.stringify(args)),
  Wait: async () => {
    const own = redis().duplicate(); // a pop that waits would keep all else on its connection
    await own.rpush("test:node", "waiting");
    await own.blpop("test:node:go", 30);
    own.disconnect();
  },
  FailOnce: async (...args) => {
    if ((await redis().incr("test:tries")) === 1) throw new TypeError("not yet");
    await redis().rpush("test:node", JSON.stringify(args));
  },
};

async function answer({ make, options, call }) {
  if (make) {
    const kind = make.startsWith("scheduler") ? Scheduler : Worker;
    made[make] = new kind({ connection, timeout: 100, ...options }, jobs);
    made[make].on("error", (error) => console.error(error));
    return made[make].connect();
  }
  const [name, method, ...args] = call;
  return made[name][method](...args);
}

async function main() {
  made.queue.on("error", (error) => console.error(error));
  await made.queue.connect();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const said = await answer(JSON.parse(line)).then(
      (result) => ({ result: result === undefined ? null : result }),
      (error) => ({ error: String(error) }),
    );
    console.log(JSON.stringify(said));
  }
  process.exit();
}

main();
