// Enqueues each argument: node echo.js hello world. Needs node-resque from npm; Redis is at $REDIS_URL.
const { Queue } = require("node-resque");

async function main(texts) {
  const url = new URL(process.env.REDIS_URL || "redis://127.0.0.1:6379/0");
  const connection = { pkg: "ioredis", host: url.hostname, port: Number(url.port || 6379), database: Number(url.pathname.slice(1) || 0) };
  const queue = new Queue({ connection });
  queue.on("error", (error) => { throw error; });
  await queue.connect();
  for (const text of texts) await queue.enqueue("echo", "MyTask::Echo", [text]);
  await queue.end();
}

main(process.argv.slice(2));
