import { createNoopMeter } from '@opentelemetry/api';
import { MemoryBlobStore } from '../../store/index.js';
import { describeBlobStore } from '../../tests/conformance/blob-store.js';
import { TimedBlobStore } from './timed-blob-store.js';

describeBlobStore('TimedBlobStore', async () => new TimedBlobStore(new MemoryBlobStore(), createNoopMeter()));
