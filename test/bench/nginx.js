import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

/** A free port of this machine. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * nginx with sendfile as a RingCentral-shaped media host: `/restapi/v1.0/account/~/recording/N/content` serves file N,
 * with rate-limit headers that allow everything, so that the gate stays open. As a TIM, `/voice.wav?…` names the address
 * of a file under `/echo/`, without asking for a login. The same files lie under `/files/`.
 */
export async function startNginx(folder, files, tls) {
  const port = await freePort();
  const logs = join(folder, "nginx");
  mkdirSync(logs, { recursive: true });
  const listen = tls
    ? `listen 127.0.0.1:${port} ssl; ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};`
    : `listen 127.0.0.1:${port};`;
  writeFileSync(
    join(logs, "nginx.conf"),
    `daemon off; worker_processes 2; pid ${logs}/pid; error_log ${logs}/error.log; user root;
events { worker_connections 512; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type audio/wav; types { }
  client_body_temp_path ${logs}/body; proxy_temp_path ${logs}/proxy; fastcgi_temp_path ${logs}/f; uwsgi_temp_path ${logs}/u; scgi_temp_path ${logs}/s;
  server {
    ${listen}
    location ~ ^/restapi/v1.0/account/~/recording/(?<id>[0-9]+)/content$ {
      alias ${files}/$id.wav;
      add_header X-Rate-Limit-Group heavy; add_header X-Rate-Limit-Limit 1000000;
      add_header X-Rate-Limit-Remaining 999999; add_header X-Rate-Limit-Window 60;
    }
    location = /voice.wav { default_type text/plain; return 200 "$scheme://127.0.0.1:${port}/echo/$arg_recordingid"; }
    location /echo/ { alias ${files}/; }
    location /files/ { alias ${files}/; autoindex on; autoindex_format html; }
  }
}
`,
  );
  const child = spawn("nginx", ["-c", join(logs, "nginx.conf")], { stdio: "inherit" });
  await answering(port);
  return { port, stop: () => new Promise((resolve) => child.once("close", resolve) && child.kill()) };
}

async function answering(port) {
  const { connect } = await import("node:net");
  for (let tries = 0; tries < 200; tries += 1) {
    const up = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.end() && resolve(true));
      socket.on("error", () => resolve(false));
    });
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("nginx does not answer");
}
