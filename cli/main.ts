#!/usr/bin/env node
import './early-notice.js';
import { runProcess } from './run-process.js';

await runProcess(process.argv.slice(2));
