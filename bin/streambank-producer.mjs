#!/usr/bin/env node
/** The `streambank-producer` command: cameras to streams. */
import { launch } from "./launch.mjs";

launch({ name: "streambank-producer", entry: "producer-sdk/src/node/main.ts" });
