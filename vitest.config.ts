import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Tests run beside others: what takes an instant alone may take seconds.
    expect: { poll: { timeout: 20_000 } },
    // Tests start whole servers; more workers than cores only slow each other down.
    maxWorkers: 2,
  },
});
