Feature: Group memberships from the proxy
  With ProxyAuth.GroupsHeader, the proxy sends the groups of a user in a header. At each sign-in, the server
  makes the user a member of those of its groups that the proxy sends, and ends the other memberships. The
  groups come in several headers or, with ProxyAuth.GroupsHeaderSeparator, in one.

  Rule: Memberships follow the groups that the proxy sends at each sign-in

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And a group "managers"

    @PA-243
    Scenario: A user who signs in becomes a member of the group that the proxy sends and not of another group
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

    @PA-244
    Scenario: Each sign-in replaces the memberships of a user with the groups that the proxy sends
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"
      Given "alice" is in the groups "managers" at the proxy
      When "alice" signs in again
      Then "alice" is a member of "managers"
      And "alice" is not a member of "engineers"
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in again
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

    @PA-245
    Scenario: A user joins a group that the proxy newly sends and stays in a group that it still sends
      Given "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers"
      And "alice" is not a member of "managers"
      And "alice" is in the groups "engineers, managers" at the proxy
      When "alice" signs in again
      Then "alice" is a member of "engineers, managers"

    @PA-246
    Scenario: A user leaves a group that the proxy no longer sends and stays in a group that it still sends
      Given "alice" is in the groups "engineers, managers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers, managers"
      And "alice" is in the groups "managers" at the proxy
      When "alice" signs in again
      Then "alice" is a member of "managers"
      And "alice" is not a member of "engineers"

    @PA-247
    Scenario: A sign-in of one user with another group does not change the memberships of another user
      Given "alice" is in the groups "engineers" at the proxy
      And "bob" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "bob" signs in
      And "alice" is in the groups "managers" at the proxy
      When "alice" signs in again
      Then "bob" is a member of "engineers"
      And "bob" is not a member of "managers"

  Rule: Without GroupsHeaderSeparator, each groups header contains one group

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |

    @PA-040 @PA-251
    Scenario: A user with two groups headers is signed in and becomes a member of both groups
      Given a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers, managers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers, managers" (PA-251)
      And "alice" is signed in (PA-040)

    @PA-252
    Scenario: Without GroupsHeaderSeparator, the value "research|development" is the name of one group
      Given a group "research"
      And a group "development"
      And a group "research|development"
      And "alice" is in the groups "research|development" at the proxy
      When "alice" signs in
      Then "alice" is a member of "research|development"
      And "alice" is not a member of "research, development"

    @PA-252 @direct
    Scenario: Without GroupsHeaderSeparator, a comma does not split the value of a groups header
      Given a group "engineers"
      And a group "research"
      And a group "development"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in with the further header "X-Auth-Groups: <research>,<development>"
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "research, development"

  Rule: With GroupsHeaderSeparator, one groups header can contain several groups

    @PA-253
    Scenario: With the separator "|", a user becomes a member of the groups in one header and of no others
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Auth-Groups |
        | ProxyAuth.GroupsHeaderSeparator | "\|"          |
      And a group "engineers"
      And a group "managers"
      And a group "testers"
      And a group "owners"
      And "alice" is in the groups "engineers, managers, testers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers, managers, testers"
      And "alice" is not a member of "owners"

    @PA-254
    Scenario: With the separator "/", the character "|" in a groups header is part of the name of a group
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Teams |
        | ProxyAuth.GroupsHeaderSeparator | "/"     |
      And a group "engineers"
      And a group "research|development"
      And a group "managers"
      And "alice" is in the groups "engineers, research|development" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers, research|development"
      And "alice" is not a member of "managers"

    @PA-255 @direct
    Scenario: A server with a line break as GroupsHeaderSeparator refuses to start and names the option
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Auth-Groups |
        | ProxyAuth.GroupsHeaderSeparator | "\|"          |
      When a server is started with:
        | ProxyAuth.GroupsHeader          | X-Auth-Groups |
        | ProxyAuth.GroupsHeaderSeparator | "\\n"         |
      Then the server refuses to start
      And the start-up error names "GroupsHeaderSeparator"

  Rule: The server reads groups only from the header that GroupsHeader names

    @PA-249
    Scenario: With GroupsHeader = X-Teams, a user becomes a member of a group in the header X-Teams
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Teams |
        | ProxyAuth.GroupsHeaderSeparator | "/"     |
      And a group "engineers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"

    @PA-249 @direct
    Scenario: With GroupsHeader = X-Teams, a group in a header X-Auth-Groups is ignored
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Teams |
        | ProxyAuth.GroupsHeaderSeparator | "/"     |
      And a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in with the further header "X-Auth-Groups: <managers>"
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"
