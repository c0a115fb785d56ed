Feature: Group memberships from the proxy
  The proxy can list the groups of whoever signs in. The server makes the user a member of those of
  its own groups that are listed, and of no others, each time that somebody signs in.

  Rule: Memberships are what the last sign-in has listed

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And a group "managers"

    @PA-243
    Scenario: Whoever signs in becomes a member of the groups listed
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

    @PA-244
    Scenario: Every sign-in compares the list anew
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
    Scenario: Groups that are new on the list are joined
      Given "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers"
      And "alice" is not a member of "managers"
      And "alice" is in the groups "engineers, managers" at the proxy
      When "alice" signs in again
      Then "alice" is a member of "engineers, managers"

    @PA-246
    Scenario: Groups that have gone from the list are left
      Given "alice" is in the groups "engineers, managers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers, managers"
      And "alice" is in the groups "managers" at the proxy
      When "alice" signs in again
      Then "alice" is a member of "managers"
      And "alice" is not a member of "engineers"

    @PA-247
    Scenario: The memberships of others stay as they are
      Given "alice" is in the groups "engineers" at the proxy
      And "bob" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "bob" signs in
      And "alice" is in the groups "managers" at the proxy
      When "alice" signs in again
      Then "bob" is a member of "engineers"
      And "bob" is not a member of "managers"

  Rule: Several groups come in several headers

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |

    @PA-040 @PA-251
    Scenario: A groups header for each group
      Given a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers, managers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers, managers" (PA-251)
      And "alice" is signed in (PA-040)

    @PA-252
    Scenario: A header is not split unless a separator is configured
      Given a group "research"
      And a group "development"
      And a group "research|development"
      And "alice" is in the groups "research|development" at the proxy
      When "alice" signs in
      Then "alice" is a member of "research|development"
      And "alice" is not a member of "research, development"

    @PA-252 @direct
    Scenario: A comma does not split it either
      Given a group "engineers"
      And a group "research"
      And a group "development"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in with the further header "X-Auth-Groups: <research>,<development>"
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "research, development"

  Rule: With a separator one header lists them all

    @PA-253
    Scenario: Groups are listed in one header
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
    Scenario: The operator chooses the separator, and every other character is part of a name
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
    Scenario: What cannot stand in a header cannot be a separator
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Auth-Groups |
        | ProxyAuth.GroupsHeaderSeparator | "\|"          |
      When a server is started with:
        | ProxyAuth.GroupsHeader          | X-Auth-Groups |
        | ProxyAuth.GroupsHeaderSeparator | "\\n"         |
      Then it refuses to start
      And it says what is wrong with "GroupsHeaderSeparator"

  Rule: One header lists the groups and no other does

    @PA-249
    Scenario: The header that is configured
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Teams |
        | ProxyAuth.GroupsHeaderSeparator | "/"     |
      And a group "engineers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"

    @PA-249 @direct
    Scenario: A header of another name
      Given a server configured with:
        | ProxyAuth.GroupsHeader          | X-Teams |
        | ProxyAuth.GroupsHeaderSeparator | "/"     |
      And a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in with the further header "X-Auth-Groups: <managers>"
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"
