#!/usr/bin/env node
import { run } from "../dist/start.js";

await run();
