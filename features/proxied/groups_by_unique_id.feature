Feature: Groups by unique id
  Where the proxy lists identifiers and not names, the server can be told to match these. Each group is
  then made through the API, with the identifier that the proxy sends and a name that people can read.

  Rule: The list is matched against unique ids

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      And a group "engineers" with the unique id "g-17"
      And a group "managers" with the unique id "g-18"

    @PA-304 @PA-312
    Scenario: The unique id is what the proxy sends
      Given "alice" is in the groups "g-17" at the proxy
      When "alice" signs in
      Then "alice" is a member of "g-17" (PA-304)
      And "alice" is a member of "g-17" (PA-312)
      And "alice" is not a member of "g-18" (PA-312)

    @PA-306
    Scenario: Names are not matched
      Given "alice" is in the groups "engineers" at the proxy
      And "bob" is in the groups "g-17" at the proxy
      When "alice" signs in
      And "bob" signs in
      Then "bob" is a member of "g-17"
      And "alice" is not a member of "g-17"

    @PA-310
    Scenario: A group counts once it has been made
      Given "alice" is in the groups "g-17, g-99" at the proxy
      When "alice" signs in
      Then "alice" is a member of "g-17"
      And there is no group "g-99"
      When the administrator creates a group "owners" with the unique id "g-99"
      And "alice" signs in again
      Then "alice" is a member of "g-17, g-99"

    @PA-313
    Scenario: A name is for people and can change
      Given "alice" is in the groups "g-17" at the proxy
      And "alice" signs in
      When the administrator renames the group "g-17" to "platform"
      And "alice" signs in again
      Then there is a group "platform"
      And "alice" is a member of "platform"

  Rule: Groups are managed through the API

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      And a group "engineers" with the unique id "g-17"

    @PA-307
    Scenario: Create, rename, remove
      When the administrator creates a group "managers" with the unique id "g-18"
      Then there is a group "g-18"
      When the administrator renames the group "g-18" to "owners"
      Then there is a group "owners"
      And there is no group "managers"
      When the administrator removes the group "owners"
      Then there is no group "owners"
      And there is a group "g-17"

    @PA-311
    Scenario: A group is made of a unique id and a name
      When the administrator creates a group "managers" with the unique id "g-18"
      Then there is a group "g-18"

    @PA-314
    Scenario: Names may be the same
      Given "alice" is in the groups "g-17" at the proxy
      And "bob" is in the groups "g-18" at the proxy
      When the administrator creates a group "engineers" with the unique id "g-18"
      And "alice" signs in
      And "bob" signs in
      Then there is a group "g-17"
      And there is a group "g-18"
      And "alice" is a member of "g-17"
      And "alice" is not a member of "g-18"
      And "bob" is a member of "g-18"
      And "bob" is not a member of "g-17"

  Rule: Without the option groups go by their names

    @PA-305
    Scenario: A name is matched
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

  Rule: Groups by unique id are not provisioned automatically

    @PA-316 @direct
    Scenario: The two options contradict each other
      Given a server configured with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      When a server is started with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId    | true          |
        | ProxyAuth.GroupsAutoProvision | true          |
      Then it refuses to start
      And it says what is wrong with "GroupsAutoProvision"
