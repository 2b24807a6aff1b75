import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import io.netty.channel.Channel;
import java.io.File;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Set;
import org.h2.mvstore.MVStore;

/**
 * The metadata store's stand-in: mongo-java-server on an address, a port and a file of our choice. Its own main always takes localhost:27017, and
 * writes the file once a second, whatever is half done by then. Here a write is answered after it is in the file, whole: a killed process loses
 * nothing that it acknowledged. (A power cut may: the file is handed to the operating system, not forced to the disk.)
 *
 * Writes take turns, which MongoDB's need not; H2 stores one at a time anyway. Compiled by `npm run generate -- launcher`.
 */
public final class StandIn {
  public static void main(String[] arguments) {
    if (arguments.length != 3) fail("say HOST PORT FILE; port 0 takes a free one", null);
    File file = new File(arguments[2]);
    File folder = file.getAbsoluteFile().getParentFile();
    if (!folder.isDirectory()) fail("there is no folder " + folder + " to keep " + file.getName() + " in", null);

    MVStore store = null;
    try {
      // 16 MiB of cache; commits are ours alone.
      store = new MVStore.Builder().fileName(arguments[2]).cacheSize(16).autoCommitDisabled().open();
    } catch (RuntimeException cause) {
      boolean taken = String.valueOf(cause.getMessage()).contains("locked");
      fail(taken ? file + " is in use by another process" : file + " cannot be opened", cause);
    }
    // Space that no version needs any more is written over at once. H2 would wait 45 s, in fear of disks that reorder writes in a power cut: then
    // 6,000 changes of one document make 48 MB instead of 2.
    store.setRetentionTime(0);

    MongoServer server = new MongoServer(new DurableBackend(store));
    try {
      server.bind(arguments[0], Integer.parseInt(arguments[1]));
    } catch (RuntimeException cause) {
      store.close();
      fail("cannot listen on " + arguments[0] + ":" + arguments[1], cause);
    } catch (Exception cause) { // netty throws a BindException that it does not declare
      store.close();
      fail("cannot listen on " + arguments[0] + ":" + arguments[1], cause);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server), "stop"));
    InetSocketAddress address = server.getLocalAddress();
    System.out.println("listening on " + address.getAddress().getHostAddress() + ":" + address.getPort());
  }

  private static void end(MongoServer server) {
    server.shutdownNow();
    System.out.println("stopped");
  }

  private static void fail(String what, Throwable cause) {
    System.err.println("mongodb-stand-in: " + what + (cause == null ? "" : ": " + cause.getMessage()));
    // Not exit(): netty's threads may wait for each other in a half-made server.
    Runtime.getRuntime().halt(1);
  }

  private static final class DurableBackend extends H2Backend {
    /** Whatever is not named here might write. An aggregation can, by $out and $merge. */
    private static final Set<String> reads =
        Set.of("find", "getmore", "killcursors", "count", "distinct", "ping", "ismaster", "hello", "buildinfo", "listcollections",
            "listindexes", "listdatabases", "serverstatus", "hostinfo", "endsessions", "getlasterror", "whatsmyuri");
    /** H2 compacts in its own thread only when it commits there too, so we ask for it now and then. */
    private static final int commitsBetweenCompactions = 1000;

    private final Object turn = new Object();
    private int commits;

    DurableBackend(MVStore store) {
      super(store);
    }

    @Override
    public Document handleCommand(Channel channel, String database, String command, Document query) {
      if (reads.contains(command.toLowerCase(Locale.ROOT))) return super.handleCommand(channel, database, command, query);
      synchronized (turn) {
        try {
          return super.handleCommand(channel, database, command, query);
        } finally { // a write of many that fails has still done some
          MVStore store = getMvStore();
          store.commit();
          if (++commits % commitsBetweenCompactions == 0) store.compact(50, 1 << 20);
        }
      }
    }
  }
}
