Feature: Profile attributes from headers
  A proxy can send names, an email address, a role and groups in addition to the identity. Each attribute
  has its own header, and an option sets the name of the header. The server ignores a header that no option
  names.

  Rule: The server reads no profile header by default

    A client that sends a header without an option does not change the profile of the user.

    @direct
    Scenario Outline: By default, the header "<header>" does not set the <attribute> of a user
      When "alice" signs in with the further header "<header>: <value>"
      Then "alice" is signed in
      And the <attribute> of "alice" is "<stored>"

      Examples:
        | rule   | header            | value               | attribute  | stored |
        | PA-013 | X-Auth-First-Name | Mallory             | first name |        |
        | PA-013 | X-Auth-Firstname  | Mallory             | first name |        |
        | PA-014 | X-Auth-Last-Name  | Marlowe             | last name  |        |
        | PA-014 | X-Auth-Lastname   | Marlowe             | last name  |        |
        | PA-015 | X-Auth-Email      | mallory@example.org | email      |        |
        | PA-016 | X-Auth-RSC-Role   | administrator       | role       | viewer |
        | PA-016 | X-Auth-Role       | administrator       | role       | viewer |

    @PA-017 @direct
    Scenario: By default, the header X-Auth-Groups adds no membership and creates no group
      Given a group "engineers"
      And the administrator has added "bob" to the group "engineers"
      When "alice" signs in with the further header "X-Auth-Groups: <engineers>"
      Then "bob" is a member of "engineers"
      And "alice" is not a member of "engineers"
      When "alice" signs in with the further header "X-Auth-Groups: <strangers>"
      Then "alice" is signed in
      And there is no group "strangers"

    @PA-006 @direct
    Scenario Outline: With its option commented out, the header "<header>" does not set the <attribute> of a user
      Given a server configured with:
        """
        [Authentication]
        Provider = "proxy"

        [ProxyAuth]
        LoginURL = "https://example.com/auth/login"
        LogoutURL = "https://example.com/auth/logout"
        ; a line that begins with a semicolon is a comment:
        ;UniqueIdHeader = "X-Auth-ID"
        ;UsernameHeader = "X-Auth-Custom-Username"
        ;FirstNameHeader = "X-Auth-First-Name"
        ;EmailHeader = "X-Auth-Email"
        ;RoleHeader = "X-Auth-RSC-Role"
        """
      When "alice" signs in with the further header "<header>: <value>"
      Then "alice" is signed in
      And the <attribute> of "alice" is "<stored>"

      Examples:
        | header                 | value         | attribute  | stored |
        | X-Auth-ID              | 4711          | username   | alice  |
        | X-Auth-Custom-Username | mallory       | username   | alice  |
        | X-Auth-First-Name      | Mallory       | first name |        |
        | X-Auth-RSC-Role        | administrator | role       | viewer |

  Rule: A profile value that cannot be used is left out, and the user is signed in without it

    Background:
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
        | ProxyAuth.GroupsHeader    | X-Auth-Groups     |

    @PA-345 @direct
    Scenario Outline: A user whose <attribute> is <kind> is signed in with an empty <attribute>
      When "alice" signs in with a <attribute> that is <kind>
      Then "alice" is signed in
      And the <attribute> of "alice" is ""

      Examples:
        | attribute  | kind                             |
        | first name | cut off inside a character       |
        | first name | broken by a tab                  |
        | last name  | longer than 4000 octets          |
        | email      | joined to another by a comma     |
        | email      | joined to another by a semicolon |

    @SEC-044 @direct
    Scenario: A user whose first name is a word for no value is signed in with an empty first name
      When "alice" signs in with a first name that is a word for no value
      Then "alice" is signed in
      And the first name of "alice" is ""

    @PA-350 @direct @quiet
    Scenario: The log names the header of a malformed first name and the header of a malformed group
      When "alice" signs in with a first name that is broken by a tab
      Then the log says "X-Auth-First-Name"
      When "alice" signs in with a group that is cut off inside a character
      Then the log says "X-Auth-Groups"

    @PA-345 @direct
    Scenario Outline: A user with a group name that is <kind> is signed in and is a member of the other group
      Given a group "engineers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in with a group that is <kind>
      Then "alice" is signed in
      And "alice" is a member of "engineers"

      Examples:
        | kind                       |
        | cut off inside a character |
        | longer than 4000 octets    |

  Rule: The administrator chooses the names of the headers

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | Remote-Number   |
        | ProxyAuth.UsernameHeader  | Remote-User     |
        | ProxyAuth.FirstNameHeader | sso_given.name  |
        | ProxyAuth.LastNameHeader  | SSO-FAMILY-NAME |
        | ProxyAuth.EmailHeader     | mail            |
        | ProxyAuth.RoleHeader      | X-Department-9  |
        | ProxyAuth.GroupsHeader    | X-Teams         |

    @PA-018
    Scenario Outline: The server reads the <attribute> of a user from the header that its option names
      Given "alice" has the <attribute> "<value>" at the proxy
      When "alice" signs in
      Then the <attribute> of "alice" is "<value>"

      Examples:
        | attribute  | value              |
        | unique id  | 4711               |
        | username   | alicia             |
        | first name | Alicia             |
        | last name  | Adler              |
        | email      | alicia@example.org |
        | role       | publisher          |

    @PA-018 @PA-020
    Scenario: The server reads memberships from the header that GroupsHeader names, and creates no unknown group
      Given a group "engineers"
      And "alice" is in the groups "engineers, strangers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers" (PA-018)
      And there is no group "strangers" (PA-020)
