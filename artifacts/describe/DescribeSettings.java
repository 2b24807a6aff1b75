import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints what Kafka's own jars say of its settings: the definitions that the broker itself parses server.properties and topic configs with.
 * Run from source: java -cp JARS DescribeSettings.java broker|topic. One setting a line, sorted, so that an upgrade's difference can be read.
 */
class DescribeSettings {
  public static void main(String[] arguments) {
    boolean broker = arguments.length == 1 && arguments[0].equals("broker");
    boolean topic = arguments.length == 1 && arguments[0].equals("topic");
    if (!broker && !topic) throw new IllegalArgumentException("say which settings: broker or topic");

    Map<String, ConfigKey> keys = new TreeMap<>(broker ? AbstractKafkaConfig.CONFIG_DEF.configKeys() : LogConfig.configKeys());
    // Names that the map lacks cannot be changed in a running broker.
    Map<String, String> updateModes = kafka.server.DynamicBrokerConfig$.MODULE$.dynamicConfigUpdateModes();
    List<String> lines = new ArrayList<>();
    for (ConfigKey key : keys.values()) {
      StringBuilder line = new StringBuilder("    {\"name\":").append(text(key.name));
      line.append(",\"type\":").append(text(key.type.name().toLowerCase(java.util.Locale.ROOT)));
      line.append(",\"default\":").append(key.hasDefault() ? text(ConfigDef.convertToString(key.defaultValue, key.type)) : "null");
      line.append(",\"required\":").append(!key.hasDefault());
      line.append(",\"valid\":").append(key.validator == null ? "null" : text(key.validator.toString()));
      line.append(",\"importance\":").append(text(key.importance.name().toLowerCase(java.util.Locale.ROOT)));
      line.append(",\"internal\":").append(key.internalConfig);
      if (broker) {
        line.append(",\"updateMode\":").append(text(updateModes.getOrDefault(key.name, "read-only")));
      } else {
        Optional<String> synonym = LogConfig.serverConfigName(key.name);
        line.append(",\"brokerSetting\":").append(text(synonym.orElse(null)));
      }
      lines.add(line.append('}').toString());
    }
    System.out.print("{\n  \"kafkaVersion\": " + text(AppInfoParser.getVersion()) + ",\n  \"settings\": [\n" + String.join(",\n", lines) + "\n  ]\n}\n");
  }

  private static String text(String value) {
    if (value == null) return "null";
    StringBuilder json = new StringBuilder("\"");
    for (char each : value.toCharArray()) {
      if (each == '"' || each == '\\') json.append('\\').append(each);
      else if (each < 0x20 || each > 0x7e) json.append(String.format("\\u%04x", (int) each));
      else json.append(each);
    }
    return json.append('"').toString();
  }
}
