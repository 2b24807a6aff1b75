/** The memory store keeps the contract of every store. */
import { describe, it } from 'vitest';
import { createMemoryStore } from '../../../programs/messaging-api/store/memory-store.ts';
import { storeContract } from './store-contract.ts';

describe('the memory store', () => storeContract(it, async () => createMemoryStore()));
