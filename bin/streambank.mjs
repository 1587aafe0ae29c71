#!/usr/bin/env node
/** The `streambank` command. */
import { launch } from "./launch.mjs";

launch({ name: "streambank", entry: "src/main.ts" });
