/** The real script on a bare machine (machine-sandbox.ts), against a bucket and a secret in moto: what becomes of it, and what never does. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { parseReadings, readingsScript } from '../../drivers/aws/readings.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import { serviceUnitFile } from '../../provision/unit.ts';
import { userData } from '../../provision/user-data.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';
import { requires } from '../requirements.ts';
import { type MachineCloud, startCloud } from './machine-cloud.ts';
import { type MachineSandbox, startMachine } from './machine-sandbox.ts';

const node = 'worker-1';
const disk = 'vol-0abc123';
const script = '/usr/local/sbin/ensemble-node';
const data = '/var/lib/ensemble/kafka/data-1/data';
const hidden = { 'tls/worker-1.keystore.pem': 'a key that nobody may see', 'tls/ca.pem': 'a certificate' };

const { describe: where } = requires('root', 'linux', 'namespaces', 'moto');

where('a bare machine', () => {
  let cloud: MachineCloud;
  let machine: MachineSandbox;
  let kafkaPort: number;
  /** Of a machine on which nothing went wrong. */
  let whole = '';
  // Answers as a broker does.
  const broker = createServer((socket) =>
    socket.once('data', () => socket.end('\0\0\0\x10')).on('error', () => undefined),
  );

  const objects = (more = '') => {
    const cluster = clusterOf(`${smallEnvironment}network: { ports: { kafka.plaintext: ${kafkaPort} } }\n${more}`);
    const group = cluster.groups.find(({ role }) => role === 'worker');
    const [worker] = group?.nodes ?? [];
    if (group === undefined || worker === undefined) throw new Error('no worker');
    return nodeObjects(cluster, group, worker, namedAddressing(cluster), cloud.software);
  };
  const fresh = async (): Promise<MachineSandbox> => {
    const made = await startMachine();
    await made.write('/etc/ensemble/node.conf', cloud.settings);
    await made.write('/var/user-data', userData());
    return made;
  };
  /** Path, mode, owner and content of everything that the script puts somewhere. */
  const state = (of: MachineSandbox) =>
    of.ask(
      `find /etc/ensemble /etc/systemd/system/ensemble* /etc/sysctl.d/60* /opt/ensemble /usr/local/lib/ensemble /var/lib/ensemble ${script} \\( -type f -o -type d \\) ! -name lost+found ! -name .installed -printf '%p %m %U:%G ' -exec sh -c '[ -d "$1" ] && echo || sha256sum <"$1"' x {} \\; | sort; sed -E 's/UUID=[^ ]+/a UUID/' /etc/fstab`,
    );

  beforeAll(async () => {
    broker.listen(0, '127.0.0.1');
    cloud = await startCloud('small', 4);
    kafkaPort = (broker.address() as AddressInfo).port;
    await cloud.deploy(node, objects(), `data-1=${disk}`);
    await cloud.setSecrets(node, hidden);
    machine = await fresh();
    await machine.attachDisk(disk);
  }, 120_000);
  afterAll(async () => {
    await machine?.destroy();
    await cloud?.stop();
    broker.close();
  });

  const { it } = requires('root', 'linux', 'namespaces', 'moto');

  it('becomes its node: users, disk, archives, files with their secrets, services, and a report', async () => {
    const installed = await machine.run('sh /var/user-data');
    expect(installed).toEqual({ status: 0, said: '' });
    expect(await machine.ask('cat /var/log/systemctl')).toContain('start --no-block ensemble-node.service');

    // As systemd starts it, with its output going to the journal.
    const booted = await machine.run(`JOURNAL_STREAM=8:1 ${script} boot`);
    expect(booted).toEqual({ status: 0, said: expect.any(String) });
    expect(booted.said).toContain('worker-1 is as its list says');
    for (const value of Object.values(hidden)) expect(booted.said).not.toContain(value);

    for (const { path, mode, text, late } of objects().files) {
      const found = await machine.ask(`stat -c %a ${path}; cat ${path}`);
      const filled = text.replaceAll(/<<ensemble secret ([^>]*)>>/g, (_, id: keyof typeof hidden) => hidden[id]);
      expect([path, found]).toEqual([path, `${mode.toString(8)}\n${late ? filled : text}`.trim()]);
    }
    expect(await machine.ask('stat -c "%U %a" /etc/ensemble/kafka/tls/keystore.pem')).toBe('ensemble-kafka 600');
    expect(await machine.ask(`findmnt -n -o TARGET,OPTIONS /var/lib/ensemble/kafka/data-1`)).toMatch(
      /data-1 .*noatime/,
    );
    expect(await machine.ask(`stat -c "%U %G %a" ${data}`)).toBe('ensemble-kafka ensemble-kafka 750');
    expect(await machine.ask('ls /opt/ensemble')).toBe('agent\nfill\njava\nkafka\nnode\nxfsprogs');
    const told = await machine.ask('cat /var/log/systemctl');
    expect(told).toContain('-q mask made-up-of-a-package.service');
    expect(told, 'what systemctl says is the unit’s, and in its log').not.toContain('by itself');
    expect(told).toMatch(/daemon-reload\n(.*\n)*start --no-block ensemble-kafka.service/);
    const [service] = objects().services;
    expect(await cloud.report(node)).toMatchObject({
      node,
      environment: 'small',
      fault: null,
      services: [
        { service: 'kafka', state: 'active', ready: true, installed: service?.digest, running: service?.digest },
      ],
    });
  });

  it('is left as it is by a second run, and finds its data again after a restart', async () => {
    await machine.write(`${data}/a-segment`, 'records');
    whole = await state(machine);
    expect(await machine.run(`sh /var/user-data && ${script} boot`)).toEqual({ status: 0, said: expect.any(String) });
    expect(await state(machine)).toBe(whole);
    await machine.restart();
    const again = await machine.run(`${script} boot`);
    expect(again).toEqual({ status: 0, said: expect.any(String) });
    expect(again.said).not.toContain('formats');
    expect(await machine.ask(`cat ${data}/a-segment`)).toBe('records');
    expect(await state(machine)).toBe(whole);
  });

  it('takes a changed setting by apply, starts nothing anew, and reports which settings its service runs with', async () => {
    const [former] = objects().services;
    const changed = objects('kafka: { settings: { log.retention.hours: 72 } }\n');
    await cloud.deploy(node, changed, `data-1=${disk}`);
    await machine.ask('>/var/log/systemctl');
    expect(await machine.run(`${script} apply`)).toEqual({ status: 0, said: expect.any(String) });
    expect(await machine.ask('cat /etc/ensemble/kafka/server.properties')).toContain('log.retention.hours=72');
    expect(await machine.ask('cat /var/log/systemctl')).not.toMatch(/^(re)?start/m);
    expect(await cloud.report(node)).toMatchObject({
      services: [{ installed: changed.services[0]?.digest, running: former?.digest }],
    });
    // What it was started with is still there, for whoever asks what a restart would change.
    const asked = readingsScript(new Map([['kafka', ['/etc/ensemble/kafka', serviceUnitFile('kafka')]]]));
    await machine.write('/var/readings', asked);
    const ran = parseReadings(await machine.ask('sh /var/readings')).get('kafka');
    expect(ran?.digest).toBe(former?.digest);
    const was = ran?.files.find(({ path }) => path.endsWith('/server.properties'))?.text;
    expect(was).toBe(objects().files.find(({ path }) => path.endsWith('/server.properties'))?.text);
    for (const value of Object.values(hidden)) expect(JSON.stringify(ran)).not.toContain(value);
    await cloud.deploy(node, objects(), `data-1=${disk}`);
    expect(await machine.run(`${script} apply`)).toEqual({ status: 0, said: expect.any(String) });
  });

  it('starts its services with what it has while the bucket does not answer, and tries again', async () => {
    await machine.restart();
    await machine.ask('>/var/log/systemctl');
    cloud.reachable = false;
    try {
      const booted = await machine.run(`${script} boot`);
      expect(booted).toMatchObject({ status: 1 });
      expect(booted.said).toContain('waits for nodes/worker-1/list: 503');
      expect(booted.said).toContain('goes on with what was fetched before');
      expect(await machine.ask('cat /var/log/systemctl')).toContain('start --no-block ensemble-kafka.service');
    } finally {
      cloud.reachable = true;
    }
  });

  it('starts what stands beside its services by itself, and starts it anew where it runs with other settings', async () => {
    const { list, ...others } = objects();
    const withAside = (digest: string) => ({
      ...others,
      list: {
        key: list.key,
        text: list.text.replace(/end\n$/, `aside made-up ensemble-made-up.service ${digest}\nend\n`),
      },
    });
    const told = async () => {
      await machine.ask('>/var/log/systemctl');
      expect(await machine.run(`${script} apply`)).toEqual({ status: 0, said: expect.any(String) });
      return (await machine.ask('cat /var/log/systemctl')).match(/^(re)?start .*made-up.*$/gm);
    };
    const [one, other] = ['1'.repeat(64), '2'.repeat(64)];
    await cloud.deploy(node, withAside(one), `data-1=${disk}`);
    expect(await told()).toEqual(['restart --no-block ensemble-made-up.service']);
    // As its unit says before it starts.
    await machine.ask(`${script} started made-up`);
    expect(await told()).toBeNull();
    await cloud.deploy(node, withAside(other), `data-1=${disk}`);
    expect(await told()).toEqual(['restart --no-block ensemble-made-up.service']);
    await cloud.deploy(node, objects(), `data-1=${disk}`);
    expect(await told()).toBeNull();
  });

  it('waits a little for tags that come later than the machine, and is tried again where they do not', async () => {
    try {
      cloud.tagsAbsent = 2;
      expect(await machine.run(`${script} apply`)).toEqual({ status: 0, said: expect.any(String) });
      cloud.tagsAbsent = 1_000;
      const refused = await machine.run(`${script} apply`);
      // 1 and not 78: its unit starts it again.
      expect(refused).toEqual({ status: 1, said: expect.stringContaining("'-' is no node's name") });
    } finally {
      cloud.tagsAbsent = 0;
    }
  });

  it('comes to the same state wherever a run was killed', async () => {
    const other = await fresh();
    try {
      await other.attachDisk(`${disk}4`);
      await cloud.deploy(node, objects(), `data-1=${disk}4`);
      await other.ask('sh /var/user-data');
      let kills = 0;
      // Each run goes on from where the one before was killed, and gets a little further.
      for (const steps of [20, 45, 70, 95, 120, 145]) {
        const how = await other.runKilled(`${script} fetch`, steps);
        kills += how === 'killed' ? 1 : 0;
      }
      expect(kills).toBe(6);
      expect(await other.run(`${script} boot`)).toEqual({ status: 0, said: expect.any(String) });
      await other.write(`${data}/a-segment`, 'records');
      expect(await state(other)).toBe(whole);
    } finally {
      await other.destroy();
    }
  });

  it('takes no archive that is not the one that its list names, and puts nothing of it anywhere', async () => {
    const { key, bytes } = cloud.archive('kafka');
    const other = await fresh();
    try {
      await cloud.put(key, Buffer.concat([bytes, Buffer.from('more')]));
      await other.ask('sh /var/user-data');
      const refused = await other.run(`${script} boot`);
      expect(refused).toMatchObject({ status: 1 });
      expect(refused.said).toMatch(
        /archives\/[0-9a-f]+-kafka was not fetched: its SHA-256 is [0-9a-f]{64} instead of [0-9a-f]{64}/,
      );
      expect(
        await other.ask('ls /opt/ensemble /opt/ensemble/kafka 2>&1; ls /var/lib/ensemble-node/archives || true'),
      ).not.toMatch(/kafka\n|part/);
    } finally {
      await cloud.put(key, bytes);
      await other.destroy();
    }
  });

  it('never formats a disk on which anything is, and never uses one that is not its own', async () => {
    const other = await fresh();
    try {
      await other.ask('sh /var/user-data');
      const refuses = async (id: string, prepare: string, why: string) => {
        const device = await other.attachDisk(id);
        await cloud.deploy(node, objects(), `data-1=${id}`);
        await other.ask(prepare.replaceAll('DISK', device));
        const before = await other.ask(`dd if=${device} bs=1M count=8 status=none | sha256sum`);
        const refused = await other.run(`${script} boot`);
        expect([id, refused]).toEqual([id, { status: 78, said: expect.stringContaining(why) }]);
        expect(refused.said).not.toContain('formats');
        await other.restart();
        return async () => [before, await other.ask(`dd if=${device} bs=1M count=8 status=none | sha256sum`)];
      };
      const raw = await refuses(
        'vol-1',
        'printf data | dd of=DISK bs=1 seek=100000 conv=notrunc status=none',
        'neither empty nor a file system',
      );
      expect(new Set(await raw()).size).toBe(1);
      await refuses(
        'vol-2',
        'mkfs.ext4 -q DISK; mount DISK /mnt; echo precious >/mnt/file; umount /mnt',
        'holds files of somebody else',
      );
      await refuses(
        'vol-3',
        'mkfs.ext4 -q DISK; mount DISK /mnt; echo small/worker-2/data-1 >/mnt/.ensemble; umount /mnt',
        'belongs to small/worker-2/data-1, not to small/worker-1/data-1',
      );
      const device = await other.ask('grep -l vol2 /sys/block/*/device/serial | cut -d / -f 4');
      expect(await other.ask(`mount /dev/${device} /mnt; cat /mnt/file; umount /mnt`)).toBe('precious');
    } finally {
      await other.destroy();
    }
  });

  it('follows no list of a newer version, and waits within bounds for secrets that are not there, naming them by their ids', async () => {
    const other = await fresh();
    try {
      const { list, files } = objects();
      await other.attachDisk('vol-9');
      const newer = { key: list.key, text: list.text.replace('ensemble-node-list 1', 'ensemble-node-list 2') };
      await cloud.deploy(node, { ...objects(), list: newer, files }, 'data-1=vol-9');
      await other.ask('sh /var/user-data');
      const refused = await other.run(`${script} boot`);
      expect(refused).toEqual({ status: 78, said: expect.stringContaining("begins with 'ensemble-node-list 2'") });
      expect(await other.ask('ls /opt/ensemble 2>/dev/null || echo nothing')).toBe('nothing');

      await cloud.deploy(node, objects(), 'data-1=vol-9');
      await cloud.setSecrets(node, undefined);
      const waited = await other.run(`${script} boot`);
      expect(waited).toMatchObject({ status: 1 });
      expect(waited.said).toContain(
        'fill: waits for tls/ca.pem, tls/worker-1.keystore.pem in the secret ensemble/small/nodes/worker-1',
      );
      expect(waited.said).toContain('FILL_SECRETS_MISSING');
      await cloud.setSecrets(node, hidden);
      expect(await other.run(`${script} boot`)).toEqual({ status: 0, said: expect.any(String) });
    } finally {
      await other.destroy();
    }
  });
});
