Feature: Editing roles
  A role is edited on the server as long as nothing else decides it: neither the proxy by a role of
  its own nor a mapping.

  Each refusal is compared with a change of the same user by the same administrator that was made.

  Rule: Roles can be edited where nothing else decides them

    Background:
      Given "alice" has signed in

    @PA-202
    Scenario Outline: Making somebody a <role>
      When the administrator changes the role of "alice" to "<role>"
      Then the change is made
      When "alice" signs in again
      Then the role of "alice" is "<role>"

      Examples:
        | role          |
        | publisher     |
        | administrator |

    @SEC-015
    Scenario Outline: Nobody makes themselves a <role>
      Given "alice" has changed her first name to "Alicia"
      When "alice" changes her role to "<role>"
      Then the change is refused

      Examples:
        | role          |
        | publisher     |
        | administrator |

    @SEC-015
    Scenario: A locked user is refused although the proxy vouches for them
      When the administrator locks "alice"
      And "alice" signs in again
      Then the sign-in is refused

  Rule: Roles cannot be edited where something else decides them

    @PA-203
    Scenario: A mapping of values in the profile
      Given a server configured with:
        | ProxyAuth.RoleHeader                   | X-Auth-RSC-Role |
        | Authorization.UserRoleMapping          | true            |
        | Authorization.ViewerRoleMapping        | "HR"            |
        | Authorization.ViewerRoleMapping        | "Marketing"     |
        | Authorization.ViewerRoleMapping        | "Support"       |
        | Authorization.PublisherRoleMapping     | "Engineering"   |
        | Authorization.PublisherRoleMapping     | "CORP\\\\staff" |
        | Authorization.AdministratorRoleMapping | "IT"            |
        | Authorization.AdministratorRoleMapping | "Support"       |
      And the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the role of "alice" to "publisher"
      Then the change is refused

    @PA-204
    Scenario: A mapping of groups
      Given a server configured with:
        | ProxyAuth.GroupsHeader                 | X-Auth-Groups       |
        | Authorization.UserRoleGroupMapping     | true                |
        | Authorization.PublisherRoleMapping     | "Developers"        |
        | Authorization.AdministratorRoleMapping | "Dev-Leaders"       |
        | Authorization.AdministratorRoleMapping | "IT-Administrators" |
      And the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the role of "alice" to "publisher"
      Then the change is refused

    @PA-205
    Scenario: A role that the proxy sends
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |
      And the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the role of "alice" to "publisher"
      Then the change is refused
