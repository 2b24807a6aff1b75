/** Environment variables for as long as some work takes: AWS's own clients, Terraform and what they start read where their AWS is from there. */

export async function withVariables<T>(
  variables: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  const before = new Map(Object.keys(variables).map((name) => [name, process.env[name]]));
  for (const [name, value] of Object.entries(variables)) {
    const own = before.get(name);
    // Who needs a proxy for the registry needs it still.
    process.env[name] = /^no_proxy$/i.test(name) && own !== undefined ? `${own},${value}` : value;
  }
  try {
    return await work();
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}
