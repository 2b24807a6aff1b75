/**
 * A replica set of scripted members that behave as MongoDB's manual says of "replSetInitiate", "replSetReconfig", "hello", "createUser" and the
 * "Localhost Exception"; the numbers are those of "Error Codes". Elections, slow members and refusals are a test's to script. **Not a real member.**
 */
import { type Asker, Fault, ScriptedMongod, type ScriptedUser } from '../../clients/scripted-mongod.ts';

type Command = Record<string, unknown>;
interface Configuration {
  readonly _id: string;
  readonly version: number;
  readonly members: readonly { readonly _id: number; readonly host: string }[];
}

interface Simulated {
  readonly mongod: ScriptedMongod;
  config: Configuration | undefined;
  /** Looks until it is a secondary. */
  syncs: number;
  /** Users that have arrived here. */
  users: Map<string, ScriptedUser>;
}

const clusterCommands = new Set([
  'replSetGetConfig',
  'replSetReconfig',
  'replSetGetStatus',
  'getDefaultRWConcern',
  'setDefaultRWConcern',
]);
const userCommands = new Set(['createUser', 'updateUser', 'usersInfo']);

export class ScriptedSet {
  readonly members = new Map<string, Simulated>();
  readonly users = new Map<string, ScriptedUser>();
  /** What was done, in order: the name of each command that changed something. */
  readonly done: string[] = [];
  accessControl = true;
  primary: string | undefined;
  /** Looks that an election takes. */
  electionLooks = 3;
  /** Looks that a new member takes to become a secondary, and a configuration to be committed. */
  syncLooks = 3;
  defaultWriteConcern: unknown;
  /** Thrown faults become answers; it may also script what happens meanwhile. */
  before: (host: string, name: string, command: Command) => void = () => {};
  #election = 0;
  #uncommitted = 0;

  async start(count: number): Promise<readonly string[]> {
    const hosts: string[] = [];
    for (let at = 0; at < count; at += 1) hosts.push(await this.add());
    return hosts;
  }

  async add(): Promise<string> {
    let host = '';
    const users = new Map<string, ScriptedUser>();
    const mongod = new ScriptedMongod(
      (command, asker) => this.#answer(host, command, asker),
      (user) => users.get(user)?.password,
    );
    await mongod.listen();
    host = `127.0.0.1:${mongod.port}`;
    this.members.set(host, { mongod, config: undefined, syncs: 0, users });
    return host;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.members.values()].map((each) => each.mongod.close()));
  }

  get configuration(): Configuration | undefined {
    return [...this.members.values()].find((each) => each.config !== undefined)?.config;
  }

  /** The primary steps down; another is elected after a while. */
  stepDown(): void {
    const hosts = this.configuration?.members.map((each) => each.host) ?? [];
    const next = hosts[(hosts.indexOf(this.primary ?? '') + 1) % hosts.length];
    this.primary = undefined;
    this.#election = this.electionLooks;
    this.#elects = next;
  }
  #elects: string | undefined;

  #answer(host: string, command: Command, { user }: Asker): Command {
    const [name = ''] = Object.keys(command);
    if (name === 'hello' || name === 'ismaster' || name === 'isMaster') {
      if (name === 'hello') this.#tick(host);
      return this.#hello(host);
    }
    if (name === 'ping') return {};
    this.#authorize(name, user);
    this.before(host, name, command);
    const member = this.#member(host);
    const handler = this.#handlers[name];
    if (handler === undefined) throw new Fault(59, 'CommandNotFound');
    return handler(host, member, command);
  }

  /** Before there is a user, the localhost exception allows to begin; with users, each has the rights of his roles. */
  #authorize(name: string, user: string | undefined): void {
    if (!this.accessControl) return;
    const roles = (this.users.get(user ?? '')?.roles ?? []).map((each) => String(each.role));
    const begins = this.users.size === 0 && (name === 'replSetInitiate' || name === 'createUser');
    const may =
      begins ||
      (clusterCommands.has(name) && roles.includes('clusterAdmin')) ||
      (userCommands.has(name) && roles.includes('userAdminAnyDatabase'));
    if (!may) throw new Fault(13, 'Unauthorized', `command ${name} requires authentication`);
  }

  #tick(host: string): void {
    const member = this.#member(host);
    if (this.#uncommitted > 0) this.#uncommitted -= 1;
    if (this.#election > 0) {
      this.#election -= 1;
      if (this.#election === 0) this.primary = this.#elects;
    }
    for (const each of this.members.values()) {
      if (each.config === undefined || each.syncs === 0) continue;
      each.syncs -= 1;
    }
    if (member.config !== undefined && member.syncs === 0)
      for (const [name, user] of this.users) member.users.set(name, user);
  }

  #hello(host: string): Command {
    const { config, syncs } = this.#member(host);
    if (config === undefined)
      return {
        isWritablePrimary: false,
        ismaster: false,
        secondary: false,
        isreplicaset: true,
        info: 'not initialised',
      };
    const isWritablePrimary = this.primary === host;
    return {
      isWritablePrimary,
      ismaster: isWritablePrimary,
      secondary: !isWritablePrimary && syncs === 0,
      setName: config._id,
      setVersion: config.version,
      hosts: config.members.map((each) => each.host),
      me: host,
      ...(this.primary === undefined ? {} : { primary: this.primary }),
    };
  }

  readonly #handlers: Record<string, (host: string, member: Simulated, command: Command) => Command> = {
    replSetInitiate: (host, member, command) => {
      const config = command.replSetInitiate as Configuration;
      if (member.config !== undefined) throw new Fault(23, 'AlreadyInitialized', 'already initialized');
      if (!config.members.some((each) => each.host === host)) throw new Fault(93, 'InvalidReplicaSetConfig');
      for (const each of config.members) {
        const other = this.members.get(each.host);
        if (other === undefined) throw new Fault(74, 'NodeNotFound', `${each.host} failed with HostUnreachable`);
        if (other.config !== undefined) throw new Fault(103, 'NewReplicaSetConfigurationIncompatible');
      }
      this.#spread(config);
      this.#elects = host;
      this.#election = this.electionLooks;
      this.done.push('replSetInitiate');
      return {};
    },
    replSetGetConfig: (_host, member) => {
      if (member.config === undefined) throw new Fault(94, 'NotYetInitialized');
      return { config: { ...member.config, term: 1, settings: { heartbeatIntervalMillis: 2_000 } } };
    },
    replSetReconfig: (host, member, command) => {
      const config = command.replSetReconfig as Configuration;
      const before = member.config;
      if (before === undefined) throw new Fault(94, 'NotYetInitialized');
      if (this.primary !== host) throw new Fault(10_107, 'NotWritablePrimary');
      if (this.defaultWriteConcern === undefined || config.version <= before.version)
        throw new Fault(103, 'NewReplicaSetConfigurationIncompatible');
      if (this.#uncommitted > 0) throw new Fault(308, 'CurrentConfigNotCommittedYet');
      const [was, is] = [before, config].map((each) => each.members.map(({ _id, host: at }) => `${_id} ${at}`));
      const changed = [
        ...(was ?? []).filter((each) => !is?.includes(each)),
        ...(is ?? []).filter((each) => !was?.includes(each)),
      ];
      if (changed.length > 1)
        throw new Fault(103, 'NewReplicaSetConfigurationIncompatible', 'more than one voting member');
      if (!config.members.some((each) => each.host === host))
        throw new Fault(103, 'NewReplicaSetConfigurationIncompatible');
      if (new Set(config.members.map((each) => each._id)).size < config.members.length)
        throw new Fault(93, 'InvalidReplicaSetConfig');
      for (const each of config.members)
        if (!this.members.has(each.host))
          throw new Fault(74, 'NodeNotFound', `${each.host} failed with HostUnreachable`);
      this.#spread(config);
      this.#uncommitted = this.syncLooks;
      this.done.push('replSetReconfig');
      return {};
    },
    replSetGetStatus: (_host, member) => {
      if (member.config === undefined) throw new Fault(94, 'NotYetInitialized');
      const members = member.config.members.map((each) => {
        const syncing = (this.members.get(each.host)?.syncs ?? 1) > 0;
        const state = each.host === this.primary ? 1 : syncing ? 5 : 2;
        return { name: each.host, state, stateStr: { 1: 'PRIMARY', 2: 'SECONDARY', 5: 'STARTUP2' }[state] };
      });
      return { set: member.config._id, members };
    },
    getDefaultRWConcern: () =>
      this.defaultWriteConcern === undefined ? {} : { defaultWriteConcern: this.defaultWriteConcern },
    setDefaultRWConcern: (host, _member, command) => {
      if (this.primary !== host) throw new Fault(10_107, 'NotWritablePrimary');
      this.defaultWriteConcern = command.defaultWriteConcern;
      return {};
    },
    usersInfo: (_host, _member, command) => {
      const { user } = command.usersInfo as { user: string };
      const found = this.users.get(user);
      return { users: found === undefined ? [] : [{ user, db: 'admin', roles: found.roles }] };
    },
    createUser: (host, member, command) => {
      if (this.primary !== host) throw new Fault(10_107, 'NotWritablePrimary');
      const name = String(command.createUser);
      if (this.users.has(name)) throw new Fault(51_003, 'Location51003', `User "${name}@admin" already exists`);
      this.#keepUser(member, name, { password: String(command.pwd), roles: command.roles as Command[] });
      this.done.push(`createUser ${name}`);
      return {};
    },
    updateUser: (host, member, command) => {
      if (this.primary !== host) throw new Fault(10_107, 'NotWritablePrimary');
      const name = String(command.updateUser);
      const before = this.users.get(name);
      if (before === undefined) throw new Fault(11, 'UserNotFound');
      const password = typeof command.pwd === 'string' ? command.pwd : before.password;
      this.#keepUser(member, name, { password, roles: (command.roles as Command[] | undefined) ?? before.roles });
      this.done.push(`updateUser ${name}`);
      return {};
    },
  };

  #keepUser(member: Simulated, name: string, user: ScriptedUser): void {
    this.users.set(name, user);
    member.users.set(name, user);
  }

  #spread(config: Configuration): void {
    for (const [host, member] of this.members) {
      if (!config.members.some((each) => each.host === host)) member.config = undefined;
      else {
        if (member.config === undefined) member.syncs = this.syncLooks;
        member.config = config;
      }
    }
  }

  #member(host: string): Simulated {
    const member = this.members.get(host);
    if (member === undefined) throw new Fault(74, 'NodeNotFound');
    return member;
  }
}
